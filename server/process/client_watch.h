#ifndef ENVKNIT_SERVER_PROCESS_CLIENT_WATCH_H_
#define ENVKNIT_SERVER_PROCESS_CLIENT_WATCH_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/event_loop.h"
#include "server/base/unique_fd.h"

namespace envknit {

// Leaves the terminal's session, so that its Ctrl-C and hang-up don't reach a
// private daemon, which ends with its client instead. Nothing if this process
// leads a session already. Error (FAILED_PRECONDITION): it leads a process
// group, and so can't.
absl::Status LeaveTerminalSession();

// Notices the end of the one client a private daemon works for, in any way:
// whichever comes first of the pidfd (a forked child of the client would keep
// the pipe open) and the pipe (exec of the client keeps its pid, but closes
// it). Owned by main; thread-safe.
class ClientWatch final {
 public:
  struct Client {
    // 0 for unknown.
    pid_t pid = 0;
    // Read end of a pipe whose write end only the client has; empty for none.
    UniqueFd death_pipe;
  };

  // `gone` is called once, on the loop's thread, with how it was noticed; soon
  // if the client is gone already. `loop` is borrowed and outlives the watch.
  // Error (INVALID_ARGUMENT): neither pid nor pipe.
  static absl::StatusOr<std::unique_ptr<ClientWatch>> Create(
      Client client, EventLoop* loop, std::function<void(std::string)> gone);

  // `gone` is not called any more.
  ~ClientWatch();

 private:
  ClientWatch(Client client, EventLoop* loop,
              std::function<void(std::string)> gone);

  absl::Status Start();
  absl::Status OpenPidfd();
  // On the loop's thread.
  void OnPipe();
  void Fire(const char* how);

  // Constant after Start().
  EventLoop* const loop_;
  const Client client_;
  UniqueFd pidfd_;

  // Used by the loop's thread; empty once it was called.
  std::function<void(std::string)> gone_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_CLIENT_WATCH_H_
