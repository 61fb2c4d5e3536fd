#include "server/runtime/control_thread.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <utility>

#include "server/frame/blocking_io.h"
#include "server/frame/frame_header.h"
#include "server/runtime/process_end.h"

namespace envknit {
namespace {

constexpr std::chrono::milliseconds kStopGrace{1000};

}  // namespace

bool ControlThread::Start() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  pthread_t thread;
  const int failed = pthread_create(
      &thread, nullptr,
      [](void* self) -> void* { static_cast<ControlThread*>(self)->Run(); },
      this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return failed == 0 && pthread_detach(thread) == 0;
}

void ControlThread::Run() {
  while (true) {
    Result<std::optional<Frame>> read = ReadFrame(control_fd_, reader_);
    if (!read.ok() || !read->has_value()) EndProcessGroup();
    const FrameHeader& header = (*read)->header;
    switch (header.kind) {
      case FrameKind::kPing: {
        FrameHeader pong;
        pong.kind = FrameKind::kPong;
        pong.carrier = header.carrier;
        pong.call_id = header.call_id;
        if (!WriteFrame(control_fd_, pong, {}).ok()) EndProcessGroup();
        break;
      }
      case FrameKind::kCancel:
        tracker_.Cancel({header.carrier, header.call_id});
        break;
      case FrameKind::kStop:
        tracker_.Stop();
        ::shutdown(call_fd_, SHUT_RD);
        EndAfterGrace();
      default:
        // Not a frame for this channel: the contract is broken.
        EndProcessGroup();
    }
  }
}

void ControlThread::EndAfterGrace() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kStopGrace;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - Clock::now());
    if (left.count() <= 0) ::_exit(0);
    struct pollfd waited = {control_fd_, 0, 0};
    if (::poll(&waited, 1, static_cast<int>(left.count())) > 0) {
      EndProcessGroup();
    }
  }
}

}  // namespace envknit
