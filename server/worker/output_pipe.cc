#include "server/worker/output_pipe.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace envknit {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr absl::Duration kWindow = absl::Milliseconds(10);
constexpr std::size_t kWindowBytes = 640 * 1024;
// Of what is left after a worker's death; its pipe held 64 KiB unless it made
// it larger.
constexpr std::size_t kMaxFinishBytes = 1024 * 1024;

}  // namespace

OutputPipe::OutputPipe(UniqueFd fd, EventLoop* loop, const Clock* clock,
                       OnLine on_line)
    : loop_(loop),
      clock_(clock),
      on_line_(std::move(on_line)),
      fd_(std::move(fd)) {}

OutputPipe::~OutputPipe() { Stop(); }

absl::Status OutputPipe::Start() {
  return loop_->Watch(fd_.get(), EPOLLIN, [this](uint32_t) { OnReady(); });
}

void OutputPipe::OnReady() {
  switch (ReadOnce()) {
    case Read::kData:
      return PauseIfOverBudget();
    case Read::kNothing:
      return;
    case Read::kEnd:
      return Finish();
  }
}

OutputPipe::Read OutputPipe::ReadOnce() {
  if (!fd_.valid()) return Read::kEnd;
  char buffer[kReadBytes];
  ssize_t n;
  do {
    n = ::read(fd_.get(), buffer, sizeof(buffer));
  } while (n < 0 && errno == EINTR);
  if (n < 0 && errno == EAGAIN) return Read::kNothing;
  if (n <= 0) return Read::kEnd;
  window_bytes_ += static_cast<std::size_t>(n);
  Consume(absl::string_view(buffer, static_cast<std::size_t>(n)));
  return Read::kData;
}

void OutputPipe::Consume(absl::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t room = kMaxLineBytes - line_.size();
    const std::size_t taken = std::min({newline, room, bytes.size()});
    line_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (taken == newline) {
      bytes.remove_prefix(1);
      Emit();
    } else if (line_.size() == kMaxLineBytes) {
      Emit();
    }
  }
}

void OutputPipe::Emit() {
  on_line_(line_);
  line_.clear();
}

void OutputPipe::PauseIfOverBudget() {
  const absl::Time now = clock_->Now();
  if (now - window_start_ >= kWindow) {
    window_start_ = now;
    window_bytes_ = 0;
  } else if (window_bytes_ > kWindowBytes) {
    loop_->Unwatch(fd_.get());
    resume_ = loop_->RunAt(window_start_ + kWindow, [this] {
      resume_ = 0;
      if (!Start().ok()) Stop();
    });
  }
}

void OutputPipe::Finish() {
  window_bytes_ = 0;
  while (window_bytes_ < kMaxFinishBytes && ReadOnce() == Read::kData) {
  }
  if (!line_.empty()) Emit();
  Stop();
}

void OutputPipe::Stop() {
  if (resume_ != 0) loop_->Cancel(std::exchange(resume_, 0));
  if (!fd_.valid()) return;
  loop_->Unwatch(fd_.get());
  fd_.reset();
}

}  // namespace envknit
