#include "server/pool/session_directory.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "absl/strings/escaping.h"

namespace envknit {

std::string NewSessionName() {
  std::array<char, 16> bytes;
  for (;;) {
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    if (got == static_cast<ssize_t>(bytes.size())) break;
    // Up to 256 bytes come whole once the kernel has entropy; a kernel without
    // the call is older than everything else we need.
    if (got < 0 && errno != EINTR) std::abort();
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

void SessionDirectory::Add(const std::shared_ptr<Session>& session) {
  const absl::MutexLock lock(&mu_);
  sessions_.emplace(session->name(), session);
}

void SessionDirectory::Remove(absl::string_view name) {
  std::shared_ptr<Session> removed;
  const absl::MutexLock lock(&mu_);
  const auto found = sessions_.find(name);
  if (found == sessions_.end()) return;
  removed = std::move(found->second);
  sessions_.erase(found);
}

std::shared_ptr<Session> SessionDirectory::Find(absl::string_view name) const {
  const absl::MutexLock lock(&mu_);
  const auto found = sessions_.find(name);
  return found == sessions_.end() ? nullptr : found->second;
}

}  // namespace envknit
