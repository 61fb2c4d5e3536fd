#ifndef ENVKNIT_SERVER_APP_READINESS_H_
#define ENVKNIT_SERVER_APP_READINESS_H_

#include <string>

#include "absl/status/status.h"

#include "server/base/unique_fd.h"

namespace envknit {

// Tells whoever started the daemon that it listens: writes the one line
//   READY unix:PATH
// or, with TCP, with the port that was bound,
//   READY unix:PATH tcp:HOST:PORT
// to `notify` and closes it. An end without that line means that the daemon
// could not start; why is on its stderr. Error: nobody reads it.
absl::Status ReportReadiness(UniqueFd notify, const std::string& socket_path,
                             const std::string& tcp_address);

// `tcp` ("host:port") with `port` for its port.
std::string WithPort(const std::string& tcp, int port);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_APP_READINESS_H_
