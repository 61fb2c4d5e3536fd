#ifndef ENVKNIT_SERVER_CONFIG_SOCKET_PATH_H_
#define ENVKNIT_SERVER_CONFIG_SOCKET_PATH_H_

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace envknit {

// sockaddr_un has 108 bytes, one for the NUL; gRPC gives a null server beyond.
inline constexpr std::size_t kMaxSocketPath = 107;

// Where sockets go that nobody named: $ENVKNIT_RUNTIME_DIR, else
// $XDG_RUNTIME_DIR/envknit, else /tmp/envknit-<uid>. Values that aren't
// absolute count as unset. Pure.
std::string DefaultSocketDirectory(
    const std::map<std::string, std::string>& environment, uid_t uid);

// `path` if it fits into kMaxSocketPath; else a name made from its hash, in the
// same folder if that fits, else in /tmp/envknit-<uid>. The same path gives the
// same name, so that a client finds the daemon it meant. Pure.
std::string FitSocketPath(const std::string& path, uid_t uid);

// Creates `directory` (and only it, not its parents) with mode 0700 unless it
// is there. FAILED_PRECONDITION when what is there is no directory (a link to
// one isn't either), belongs to another user, or lets others write: whoever can
// write there could put another socket in the place of ours.
absl::Status PrepareSocketDirectory(const std::string& directory);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_CONFIG_SOCKET_PATH_H_
