#ifndef ENVKNIT_SERVER_RUNTIME_FAILURE_H_
#define ENVKNIT_SERVER_RUNTIME_FAILURE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/frame/status_code.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"

namespace envknit {

// Why a request was not answered with an outcome: what the client gets as
// status and ErrorInfo. A plain value.
struct Failure {
  StatusCode code = StatusCode::kInternal;
  // Name of an ErrorReason without its prefix.
  std::string reason;
  std::string message;
  std::vector<std::pair<std::string, std::string>> metadata;
};

Failure InvalidRequest(std::string_view field, std::string_view message);

// The failure that stands for a codec error of any kind but kPython.
Failure FailureOf(const CodecError& error);

// Appends the fields of the message envknit.worker.v1.Failure.
void WriteFailure(ByteWriter& out, const Failure& failure);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_FAILURE_H_
