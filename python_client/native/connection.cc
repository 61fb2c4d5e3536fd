#include "python_client/native/connection.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <utility>

#include "python_client/native/late_reply.h"
#include "python_client/native/quiet_thread.h"
#include "python_client/native/wire_append.h"

namespace envknit::native {
namespace {

constexpr auto kBatchTime = std::chrono::milliseconds(20);
// While nobody waits for a reply nobody reads the stream, and a server on TCP
// drops a peer that leaves its pings unanswered for a minute.
constexpr time_t kIdlePollSeconds = 15;
// Field numbers of ReleaseRequest.
constexpr uint32_t kReleaseEpoch = 9;
constexpr uint32_t kReleaseIds = 10;

// 0 if there is nothing open.
ino_t InodeOf(int fd) {
  struct stat found {};
  return ::fstat(fd, &found) == 0 ? found.st_ino : 0;
}

}  // namespace

Connection::Connection(std::string address, const Dialed& dialed)
    : pid_(::getpid()),
      address_(std::move(address)),
      fd_(dialed.fd),
      inode_(InodeOf(dialed.fd)) {
  ::sem_init(&has_releases_, 0, 0);
  stream_ = AttachStream::Open(
      fd_, dialed.authority,
      {[this](uint32_t session_number, AttachMethod method,
              const AttachReply& reply) {
         types_.Note(session_number, method, reply);
       },
       [this](uint32_t session_number, AttachMethod method, ReplyBytes reply) {
         for (auto& handle :
              ReadLateHandles(session_number, reply.view(), method)) {
           Release(std::move(handle));
         }
       }});
  flusher_ = StartQuietThread([this] { FlushUntilStopped(); });
}

Connection::~Connection() {
  if (inherited()) {
    // Threads and gRPC's objects exist in the parent only. Not even detached:
    // the child may have a thread of its own under the same number by now.
    static_cast<void>(stream_.release());
    static_cast<void>(flusher_.release());
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
  }
  stop_.notify_one();
  ::sem_post(&has_releases_);
  flusher_->join();
  stream_.reset();
  ::sem_destroy(&has_releases_);
}

void Connection::CloseInheritedSocket() {
  // gRPC closes it itself unless the fork came at a bad moment.
  if (!inherited() || inode_ == 0 || InodeOf(fd_) != inode_) return;
  // The number stays taken: gRPC's objects, which live on here, still name it.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) {
    ::close(fd_);
    return;
  }
  ::dup3(null, fd_, O_CLOEXEC);
  ::close(null);
}

void Connection::Release(std::unique_ptr<ReleasedHandle> handle) noexcept {
  if (releases_.Push(std::move(handle))) ::sem_post(&has_releases_);
}

void Connection::FlushUntilStopped() {
  while (true) {
    timespec until = {};
    ::clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += kIdlePollSeconds;
    if (::sem_clockwait(&has_releases_, CLOCK_MONOTONIC, &until) != 0) {
      if (errno == ETIMEDOUT) stream_->Poll();
      continue;
    }
    std::unique_lock<std::mutex> lock(mu_);
    if (stop_.wait_for(lock, kBatchTime, [this] { return stopping_; })) return;
    lock.unlock();
    FlushReleases();
  }
}

void Connection::FlushReleases() {
  std::unique_ptr<ReleasedHandle> chain = releases_.TakeAll();
  std::map<std::pair<uint32_t, uint64_t>, std::string> ids;
  for (const ReleasedHandle* handle = chain.get(); handle != nullptr;
       handle = handle->next.get()) {
    AppendVarint(&ids[{handle->session_number, handle->epoch}], handle->id);
  }
  ReleaseList::Drop(std::move(chain));
  for (const auto& [owner, packed] : ids) {
    AttachFrame frame;
    frame.method = AttachMethod::kRelease;
    frame.session_number = owner.first;
    frame.numbered = false;
    AppendVarintField(&frame.body, kReleaseEpoch, owner.second);
    AppendBytesField(&frame.body, kReleaseIds, packed);
    stream_->Send(std::move(frame), nullptr);
  }
}

}  // namespace envknit::native
