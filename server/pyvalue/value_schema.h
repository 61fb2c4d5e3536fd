#ifndef ENVKNIT_SERVER_PYVALUE_VALUE_SCHEMA_H_
#define ENVKNIT_SERVER_PYVALUE_VALUE_SCHEMA_H_

#include <cstdint>
#include <string_view>

// Field numbers of protos/envknit/v1/value.proto. No generated code is used
// here: protobuf must not be loaded into users' Pythons.
namespace envknit::schema {

namespace value {
inline constexpr uint32_t kNone = 1;
inline constexpr uint32_t kBool = 2;
inline constexpr uint32_t kInt = 3;
inline constexpr uint32_t kFloat = 4;
inline constexpr uint32_t kString = 5;
inline constexpr uint32_t kBytes = 6;
inline constexpr uint32_t kList = 7;
inline constexpr uint32_t kTuple = 8;
inline constexpr uint32_t kDict = 9;
inline constexpr uint32_t kHandle = 10;
inline constexpr uint32_t kPackedInts = 11;
inline constexpr uint32_t kPackedFloats = 12;
inline constexpr uint32_t kTensor = 13;
inline constexpr uint32_t kComplex = 14;
inline constexpr uint32_t kSet = 15;
inline constexpr uint32_t kFrozenset = 16;
inline constexpr uint32_t kBigint = 17;
inline constexpr uint32_t kRawString = 18;
inline constexpr uint32_t kExt = 19;
inline constexpr uint32_t kCallable = 20;
inline constexpr uint32_t kTypeHint = 30;
}  // namespace value

namespace list {
inline constexpr uint32_t kItems = 1;
}

namespace dict {
inline constexpr uint32_t kKeys = 1;
inline constexpr uint32_t kValues = 2;
}  // namespace dict

namespace packed {
inline constexpr uint32_t kValues = 1;
inline constexpr uint32_t kTuple = 2;
}  // namespace packed

namespace complex {
inline constexpr uint32_t kReal = 1;
inline constexpr uint32_t kImag = 2;
}  // namespace complex

namespace ext {
inline constexpr uint32_t kType = 1;
inline constexpr uint32_t kFields = 2;
// The one registered type that has the buffer protocol.
inline constexpr std::string_view kBytearray = "builtins.bytearray";
}  // namespace ext

namespace callable {
inline constexpr uint32_t kModule = 1;
inline constexpr uint32_t kPath = 2;
}  // namespace callable

namespace tensor_meta {
inline constexpr uint32_t kTypestr = 1;
inline constexpr uint32_t kShape = 2;
}  // namespace tensor_meta

namespace tensor {
inline constexpr uint32_t kTypestr = 1;
inline constexpr uint32_t kShape = 2;
inline constexpr uint32_t kStrides = 3;
inline constexpr uint32_t kInline = 4;
inline constexpr uint32_t kDescr = 7;
}  // namespace tensor

namespace handle {
inline constexpr uint32_t kId = 1;
inline constexpr uint32_t kEpoch = 2;
inline constexpr uint32_t kTypeId = 3;
inline constexpr uint32_t kLength = 4;
inline constexpr uint32_t kTensor = 5;
inline constexpr uint32_t kObjectId = 6;
inline constexpr uint32_t kItems = 7;
}  // namespace handle

// Of calls.proto: what both ends write and read around values.
namespace call_request {
inline constexpr uint32_t kTarget = 9;
inline constexpr uint32_t kWant = 10;
inline constexpr uint32_t kArgs = 11;
inline constexpr uint32_t kKwargs = 12;
inline constexpr uint32_t kJsonArgs = 13;
inline constexpr uint32_t kJsonKwargs = 14;
}  // namespace call_request

namespace keyword {
inline constexpr uint32_t kName = 1;
inline constexpr uint32_t kValue = 2;
}  // namespace keyword

}  // namespace envknit::schema

#endif  // ENVKNIT_SERVER_PYVALUE_VALUE_SCHEMA_H_
