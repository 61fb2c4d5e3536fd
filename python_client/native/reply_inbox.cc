#include "python_client/native/reply_inbox.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace envknit::native {

ReplyInbox::ReplyInbox()
    : pid_(::getpid()), fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) {
    throw std::system_error(errno, std::generic_category(),
                            "no descriptor for the replies of an event loop");
  }
}

ReplyInbox::~ReplyInbox() { ::close(fd_); }

void ReplyInbox::Ended(PendingCall* pending) noexcept {
  std::lock_guard<std::mutex> lock(mu_);
  ended_.push_back(pending);
  if (ended_.size() == 1) Poke();
}

void ReplyInbox::Poke() noexcept {
  if (inherited()) return;
  const uint64_t one = 1;
  // Fails only if it is readable anyway.
  static_cast<void>(!::write(fd_, &one, sizeof(one)));
}

std::vector<PendingCall*> ReplyInbox::TakeAll() {
  std::vector<PendingCall*> taken;
  // Its lock may be held for ever, too.
  if (inherited()) return taken;
  std::lock_guard<std::mutex> lock(mu_);
  uint64_t count = 0;
  static_cast<void>(!::read(fd_, &count, sizeof(count)));
  taken.swap(ended_);
  return taken;
}

}  // namespace envknit::native
