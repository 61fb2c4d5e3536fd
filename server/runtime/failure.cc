#include "server/runtime/failure.h"

#include "server/pyvalue/concat.h"
#include "server/runtime/runtime_schema.h"

namespace envknit {

Failure InvalidRequest(std::string_view field, std::string_view message) {
  return {StatusCode::kInvalidArgument,
          "INVALID_REQUEST",
          Concat({field, ": ", message}),
          {{"field", std::string(field)}}};
}

Failure FailureOf(const CodecError& error) {
  switch (error.kind) {
    case CodecError::Kind::kMalformed:
      return InvalidRequest(error.path, error.message);
    case CodecError::Kind::kNotByValue:
      return {StatusCode::kInvalidArgument,
              "NOT_BY_VALUE",
              error.Text(),
              {{"path", error.path}, {"type", error.type}}};
    case CodecError::Kind::kOverLimit:
      return {StatusCode::kResourceExhausted,
              "LIMIT_EXCEEDED",
              error.Text(),
              {{"limit", error.limit}}};
    case CodecError::Kind::kHandle:
      return {StatusCode::kFailedPrecondition,
              error.reason,
              error.Text(),
              {{"handle", std::to_string(error.handle)},
               {"epoch", std::to_string(error.epoch)}}};
    default:
      return {StatusCode::kInternal,
              "INTERNAL",
              Concat({"the worker's runtime failed: ", error.Text()}),
              {{"what", error.Text()}}};
  }
}

void WriteFailure(ByteWriter& out, const Failure& failure) {
  namespace field = schema::failure;
  out.VarintField(field::kCode, static_cast<uint64_t>(failure.code));
  out.TextField(field::kReason, failure.reason);
  out.TextField(field::kMessage, failure.message);
  for (const auto& [key, value] : failure.metadata) {
    const std::size_t mark = out.Open(field::kMetadata);
    out.BytesField(field::kEntryKey, key);
    out.BytesField(field::kEntryValue, value);
    out.Close(mark);
  }
}

}  // namespace envknit
