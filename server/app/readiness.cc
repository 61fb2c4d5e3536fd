#include "server/app/readiness.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace envknit {

absl::Status ReportReadiness(UniqueFd notify, const std::string& socket_path,
                             const std::string& tcp_address) {
  std::string line = absl::StrCat("READY unix:", socket_path);
  if (!tcp_address.empty()) absl::StrAppend(&line, " tcp:", tcp_address);
  line.push_back('\n');
  // Short enough for any pipe to take at once.
  const ssize_t written = ::write(notify.get(), line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size())) {
    return absl::ErrnoToStatus(errno, "can't report readiness");
  }
  return absl::OkStatus();
}

std::string WithPort(const std::string& tcp, int port) {
  return absl::StrCat(tcp.substr(0, tcp.rfind(':') + 1), port);
}

}  // namespace envknit
