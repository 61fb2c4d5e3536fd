#include "server/worker/worker_descriptors.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
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

absl::StatusOr<Pair> MakeChannel() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
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

}  // namespace

absl::StatusOr<WorkerDescriptors> MakeWorkerDescriptors() {
  absl::StatusOr<Pair> call = MakeChannel();
  if (!call.ok()) return call.status();
  absl::StatusOr<Pair> control = MakeChannel();
  if (!control.ok()) return control.status();
  absl::StatusOr<Pair> output = MakeOutput();
  if (!output.ok()) return output.status();
  absl::StatusOr<Pair> error = MakeOutput();
  if (!error.ok()) return error.status();
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
  WorkerDescriptors descriptors{std::move(call->ours),
                                std::move(control->ours),
                                std::move(output->ours),
                                std::move(error->ours),
                                StatusPageReader(*std::move(mapping)),
                                {}};
  std::vector<UniqueFd>& theirs = descriptors.for_worker;
  theirs.resize(kWorkerStatusFd + 1);
  theirs[STDOUT_FILENO] = std::move(output->theirs);
  theirs[STDERR_FILENO] = std::move(error->theirs);
  theirs[kWorkerCallFd] = std::move(call->theirs);
  theirs[kWorkerControlFd] = std::move(control->theirs);
  theirs[kWorkerStatusFd] = std::move(page);
  return descriptors;
}

}  // namespace envknit
