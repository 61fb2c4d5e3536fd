#include "server/process/exit_status.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace envknit {

std::string DescribeExit(const ExitStatus& status) {
  if (status.code.has_value()) return absl::StrCat("exit code ", *status.code);
  if (status.signal.has_value()) {
    const char* const name = ::sigdescr_np(*status.signal);
    return absl::StrCat("signal ", *status.signal, " (",
                        name != nullptr ? name : "real-time", ")");
  }
  return "an unknown exit status";
}

}  // namespace envknit
