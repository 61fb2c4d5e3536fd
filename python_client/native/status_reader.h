// Reads google.rpc.Status.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_STATUS_READER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_STATUS_READER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envknit::native {

// An infrastructure error with what its ErrorInfo says; `reason` is empty
// without one.
struct InfrastructureError {
  int code = 0;
  std::string message;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> metadata;
};

// What can't be read stays empty: an error about an error helps nobody.
InfrastructureError ReadStatus(std::string_view status);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_STATUS_READER_H_
