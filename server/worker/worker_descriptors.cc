#include "server/worker/worker_descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/frame/result.h"

namespace envknit {
namespace {

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

absl::Status Exhausted(absl::string_view what, int error) {
  return absl::ResourceExhaustedError(
      absl::StrCat(what, ": ", std::strerror(error)));
}

// The flag belongs to the end, not to the pair: the worker's blocks.
absl::Status MakeNonBlocking(const UniqueFd& fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return Exhausted("fcntl", errno);
  }
  return absl::OkStatus();
}

absl::StatusOr<Pair> MakeChannel(int type) {
  int fds[2];
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) != 0) {
    return Exhausted("socketpair", errno);
  }
  Pair pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
  absl::Status status = MakeNonBlocking(pair.ours);
  if (!status.ok()) return status;
  return pair;
}

absl::StatusOr<Pair> MakeOutput() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return Exhausted("pipe", errno);
  Pair pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
  absl::Status status = MakeNonBlocking(pair.ours);
  if (!status.ok()) return status;
  return pair;
}

// The process's ends go to `theirs`, by number.
absl::StatusOr<ProcessDescriptors> MakeProcessDescriptors(
    int control_fd, std::vector<UniqueFd>& theirs) {
  absl::StatusOr<Pair> control = MakeChannel(SOCK_STREAM);
  if (!control.ok()) return control.status();
  absl::StatusOr<Pair> output = MakeOutput();
  if (!output.ok()) return output.status();
  absl::StatusOr<Pair> error = MakeOutput();
  if (!error.ok()) return error.status();
  theirs[STDOUT_FILENO] = std::move(output->theirs);
  theirs[STDERR_FILENO] = std::move(error->theirs);
  theirs[static_cast<std::size_t>(control_fd)] = std::move(control->theirs);
  return ProcessDescriptors{std::move(control->ours), std::move(output->ours),
                            std::move(error->ours)};
}

}  // namespace

absl::StatusOr<InterpreterDescriptors> MakeInterpreterDescriptors() {
  absl::StatusOr<Pair> call = MakeChannel(SOCK_STREAM);
  if (!call.ok()) return call.status();
  Result<int> page_fd = CreateStatusPage();
  if (!page_fd.ok()) {
    return absl::ResourceExhaustedError(page_fd.error().message);
  }
  UniqueFd page(*page_fd);
  Result<StatusPageMapping> mapping =
      StatusPageMapping::Map(page.get(), StatusPageMapping::Access::kRead);
  if (!mapping.ok()) {
    return absl::ResourceExhaustedError(mapping.error().message);
  }
  return InterpreterDescriptors{
      {std::move(call->ours), StatusPageReader(*std::move(mapping))},
      std::move(call->theirs),
      std::move(page)};
}

absl::StatusOr<WorkerDescriptors> MakeWorkerDescriptors() {
  std::vector<UniqueFd> theirs(kWorkerStatusFd + 1);
  absl::StatusOr<ProcessDescriptors> process =
      MakeProcessDescriptors(kWorkerControlFd, theirs);
  if (!process.ok()) return process.status();
  absl::StatusOr<InterpreterDescriptors> own = MakeInterpreterDescriptors();
  if (!own.ok()) return own.status();
  theirs[kWorkerCallFd] = std::move(own->call_for_host);
  theirs[kWorkerStatusFd] = std::move(own->page_for_host);
  return WorkerDescriptors{*std::move(process), std::move(own->calls),
                           std::move(theirs)};
}

absl::StatusOr<HostDescriptors> MakeHostDescriptors() {
  std::vector<UniqueFd> theirs(kHostControlFd + 1);
  absl::StatusOr<ProcessDescriptors> process =
      MakeProcessDescriptors(kHostControlFd, theirs);
  if (!process.ok()) return process.status();
  absl::StatusOr<Pair> passing = MakeChannel(SOCK_SEQPACKET);
  if (!passing.ok()) return passing.status();
  theirs[kHostDescriptorFd] = std::move(passing->theirs);
  return HostDescriptors{*std::move(process), std::move(passing->ours),
                         std::move(theirs)};
}

absl::Status PassDescriptors(const UniqueFd& passing, uint16_t interpreter,
                             const UniqueFd& call, const UniqueFd& page) {
  char number[2] = {static_cast<char>(interpreter & 0xFF),
                    static_cast<char>(interpreter >> 8)};
  struct iovec part = {number, sizeof(number)};
  const int fds[2] = {call.get(), page.get()};
  alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(fds))] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof(space);
  struct cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(fds));
  std::memcpy(CMSG_DATA(rights), fds, sizeof(fds));
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(passing.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(sizeof(number))) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the descriptor channel: ", std::strerror(errno)));
}

}  // namespace envknit
