#include "server/runtime/executor.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/transfer_request.h"

// How Executor serves one chunk of a Fetch or Put.
namespace envknit {

Executor::Outcome Executor::Fetch(std::string_view payload, ByteWriter& out) {
  FetchRequestView request;
  if (Outcome failure = ParseFetchRequest(payload, request)) return failure;
  CodecError error;
  PyRef object;
  if (request.target) {
    object = resolver_.Resolve(*request.target, error);
    if (IsForkedChild()) EndForkedChild();
    if (!object) return Refuse(error, out);
  }
  if (transfers_.Fetch(request, object.get(), out, more_, error)) {
    return std::nullopt;
  }
  more_ = false;
  out.Clear();
  return Refuse(error, out);
}

Executor::Outcome Executor::Put(std::string_view payload, ByteWriter& out) {
  PutRequestView request;
  if (Outcome failure = ParsePutRequest(payload, request)) return failure;
  CodecError error;
  PyRef value;
  if (!transfers_.Put(request, value, out, more_, error)) {
    more_ = false;
    out.Clear();
    return Refuse(error, out);
  }
  return value ? WriteResult(value.get(), Want::kHandle, out) : std::nullopt;
}

}  // namespace envknit
