// Where replies wait for the thread of an event loop.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_INBOX_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_INBOX_H_

#include <sys/types.h>
#include <unistd.h>

#include <mutex>
#include <vector>

#include "python_client/native/attach_stream.h"

namespace envknit::native {

// Collects ended calls and makes a descriptor readable, which the loop watches:
// so the thread that polls the stream needs no GIL, which a busy loop gives up
// only every 5 ms, and the loop takes replies in batches. Thread-safe.
class ReplyInbox final : public ReplySink {
 public:
  // Throws std::system_error if there is no descriptor left.
  ReplyInbox();
  ~ReplyInbox() override;
  ReplyInbox(const ReplyInbox&) = delete;
  ReplyInbox& operator=(const ReplyInbox&) = delete;

  void Ended(PendingCall* pending) noexcept override;

  // Makes the descriptor readable without any call.
  void Poke() noexcept;

  // What ended since the last time, in order; makes the descriptor unreadable.
  std::vector<PendingCall*> TakeAll();

  // In a forked child: the descriptor is the parent's, and nothing will come.
  // The rest does nothing then.
  bool inherited() const { return ::getpid() != pid_; }

  // An eventfd; readable while there is something to take.
  int fd() const { return fd_; }

 private:
  const pid_t pid_;
  const int fd_;
  std::mutex mu_;
  // Guarded by mu_.
  std::vector<PendingCall*> ended_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_INBOX_H_
