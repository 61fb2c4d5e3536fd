#ifndef ENVKNIT_SERVER_RUNTIME_RUNTIME_SCHEMA_H_
#define ENVKNIT_SERVER_RUNTIME_RUNTIME_SCHEMA_H_

#include <cstdint>

// Field and enum numbers of
// protos/envknit/v1/{outcome,target,calls,iteration,execute}.proto and
// worker/v1/control.proto that only the worker reads or writes.
namespace envknit::schema {

namespace outcome {
inline constexpr uint32_t kValue = 1;
inline constexpr uint32_t kJson = 2;
inline constexpr uint32_t kException = 3;
inline constexpr uint32_t kTypes = 4;
}  // namespace outcome

namespace type_info {
inline constexpr uint32_t kTypeId = 1;
inline constexpr uint32_t kModule = 2;
inline constexpr uint32_t kName = 3;
inline constexpr uint32_t kMro = 4;
inline constexpr uint32_t kCapabilities = 5;
inline constexpr uint32_t kMethods = 6;
inline constexpr uint32_t kSpecialMethods = 7;
inline constexpr uint32_t kIsClass = 8;
}  // namespace type_info

enum class Capability : uint32_t {
  kSized = 1,
  kContainer = 2,
  kSubscript = 3,
  kIterable = 4,
  kIterator = 5,
  kCallable = 6,
  kNumber = 7,
  kOrdered = 8,
  kContextManager = 9,
  kBuffer = 10,
  kAwaitable = 11,
  kHashable = 12,
};

namespace exception {
inline constexpr uint32_t kType = 1;
inline constexpr uint32_t kModule = 2;
inline constexpr uint32_t kMro = 3;
inline constexpr uint32_t kMessage = 4;
inline constexpr uint32_t kArgs = 5;
inline constexpr uint32_t kNotes = 6;
inline constexpr uint32_t kFrames = 7;
inline constexpr uint32_t kCause = 8;
inline constexpr uint32_t kContext = 9;
inline constexpr uint32_t kGroup = 10;
inline constexpr uint32_t kSuppressContext = 11;
inline constexpr uint32_t kTraceback = 12;
}  // namespace exception

namespace stack_frame {
inline constexpr uint32_t kFile = 1;
inline constexpr uint32_t kLine = 2;
inline constexpr uint32_t kFunction = 3;
inline constexpr uint32_t kSource = 4;
}  // namespace stack_frame

namespace target {
inline constexpr uint32_t kModule = 1;
inline constexpr uint32_t kHandle = 2;
inline constexpr uint32_t kPath = 3;
inline constexpr uint32_t kSteps = 4;
}  // namespace target

namespace step {
inline constexpr uint32_t kAttr = 1;
inline constexpr uint32_t kItem = 2;
}  // namespace step

namespace import_request {
inline constexpr uint32_t kModule = 9;
}

namespace attribute_request {
// Of SetAttrRequest and DelAttrRequest.
inline constexpr uint32_t kTarget = 9;
inline constexpr uint32_t kName = 10;
inline constexpr uint32_t kValue = 11;
}  // namespace attribute_request

namespace describe_request {
inline constexpr uint32_t kTarget = 9;
inline constexpr uint32_t kRepr = 10;
}  // namespace describe_request

namespace describe_response {
inline constexpr uint32_t kDescription = 2;
}

namespace object_description {
inline constexpr uint32_t kKind = 1;
inline constexpr uint32_t kType = 2;
inline constexpr uint32_t kModule = 3;
inline constexpr uint32_t kQualname = 4;
inline constexpr uint32_t kNames = 5;
inline constexpr uint32_t kTruncated = 6;
inline constexpr uint32_t kDoc = 7;
inline constexpr uint32_t kSignature = 8;
inline constexpr uint32_t kRepr = 9;
}  // namespace object_description

namespace signature {
inline constexpr uint32_t kText = 1;
inline constexpr uint32_t kParameters = 2;
inline constexpr uint32_t kReturnAnnotation = 3;
}  // namespace signature

namespace parameter {
inline constexpr uint32_t kName = 1;
inline constexpr uint32_t kKind = 2;
inline constexpr uint32_t kHasDefault = 3;
inline constexpr uint32_t kDefaultValue = 4;
inline constexpr uint32_t kDefaultText = 5;
inline constexpr uint32_t kAnnotation = 6;
}  // namespace parameter

namespace response {
// Of every response with an outcome.
inline constexpr uint32_t kOutcome = 1;
}  // namespace response

namespace execute_request {
inline constexpr uint32_t kCode = 9;
inline constexpr uint32_t kWant = 10;
}  // namespace execute_request

namespace try_import_response {
inline constexpr uint32_t kVerdict = 2;
inline constexpr uint32_t kReason = 3;
}  // namespace try_import_response

enum class ImportVerdict : uint32_t {
  kLoaded = 1,
  kCextIncompatible = 2,
  kFailed = 3,
};

namespace next_request {
inline constexpr uint32_t kTarget = 9;
inline constexpr uint32_t kBegin = 10;
inline constexpr uint32_t kMaxItems = 11;
inline constexpr uint32_t kMaxBytes = 12;
inline constexpr uint32_t kMaxTime = 13;
}  // namespace next_request

namespace next_response {
inline constexpr uint32_t kOutcome = 1;
inline constexpr uint32_t kItems = 2;
inline constexpr uint32_t kDone = 3;
inline constexpr uint32_t kIterator = 4;
inline constexpr uint32_t kReturnValue = 5;
}  // namespace next_response

namespace duration {
inline constexpr uint32_t kSeconds = 1;
inline constexpr uint32_t kNanos = 2;
}  // namespace duration

namespace import_response {
inline constexpr uint32_t kModule = 1;
inline constexpr uint32_t kException = 2;
}  // namespace import_response

namespace module_description {
inline constexpr uint32_t kName = 1;
inline constexpr uint32_t kFile = 2;
inline constexpr uint32_t kVersion = 3;
inline constexpr uint32_t kDoc = 4;
inline constexpr uint32_t kNames = 5;
inline constexpr uint32_t kSubmodules = 6;
inline constexpr uint32_t kTruncated = 7;
}  // namespace module_description

namespace submodule {
inline constexpr uint32_t kPath = 1;
inline constexpr uint32_t kNames = 2;
}  // namespace submodule

namespace module_name {
inline constexpr uint32_t kName = 1;
inline constexpr uint32_t kKind = 2;
}  // namespace module_name

enum class NameKind : uint32_t {
  kModule = 1,
  kClass = 2,
  kCallable = 3,
  kData = 4,
};

namespace fetch_request {
inline constexpr uint32_t kTarget = 9;
inline constexpr uint32_t kMaxBytes = 10;
inline constexpr uint32_t kTransfer = 11;
inline constexpr uint32_t kOffset = 12;
}  // namespace fetch_request

namespace fetch_response {
inline constexpr uint32_t kTotalBytes = 2;
inline constexpr uint32_t kOffset = 3;
inline constexpr uint32_t kTransfer = 4;
inline constexpr uint32_t kChunk = 5;
}  // namespace fetch_response

namespace put_request {
inline constexpr uint32_t kTotalBytes = 10;
inline constexpr uint32_t kOffset = 11;
inline constexpr uint32_t kChunk = 12;
inline constexpr uint32_t kTransfer = 13;
}  // namespace put_request

namespace put_response {
inline constexpr uint32_t kTransfer = 2;
}

namespace release_request {
inline constexpr uint32_t kEpoch = 9;
inline constexpr uint32_t kIds = 10;
inline constexpr uint32_t kRanges = 11;
}  // namespace release_request

namespace handle_range {
inline constexpr uint32_t kFirstId = 1;
inline constexpr uint32_t kCount = 2;
}  // namespace handle_range

namespace hello {
inline constexpr uint32_t kProtocol = 1;
inline constexpr uint32_t kPid = 2;
inline constexpr uint32_t kPython = 3;
inline constexpr uint32_t kSoabi = 4;
}  // namespace hello

namespace configure {
inline constexpr uint32_t kEpoch = 1;
inline constexpr uint32_t kInstallPaths = 2;
inline constexpr uint32_t kRuntimeDir = 3;
inline constexpr uint32_t kLimits = 4;
}  // namespace configure

namespace limits {
inline constexpr uint32_t kMessageBytes = 1;
inline constexpr uint32_t kDepth = 2;
inline constexpr uint32_t kElements = 3;
inline constexpr uint32_t kTracebackBytes = 4;
inline constexpr uint32_t kHandles = 5;
}  // namespace limits

namespace failure {
inline constexpr uint32_t kCode = 1;
inline constexpr uint32_t kReason = 2;
inline constexpr uint32_t kMessage = 3;
inline constexpr uint32_t kMetadata = 4;
inline constexpr uint32_t kEntryKey = 1;
inline constexpr uint32_t kEntryValue = 2;
}  // namespace failure

}  // namespace envknit::schema

#endif  // ENVKNIT_SERVER_RUNTIME_RUNTIME_SCHEMA_H_
