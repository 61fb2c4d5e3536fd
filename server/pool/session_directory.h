#ifndef ENVKNIT_SERVER_POOL_SESSION_DIRECTORY_H_
#define ENVKNIT_SERVER_POOL_SESSION_DIRECTORY_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

#include "server/pool/session.h"

namespace envknit {

// 32 hexadecimal digits of the kernel's randomness: whoever knows a session's
// name (and has its identity) may use it.
std::string NewSessionName();

// The sessions of all pools by name. Shared by the pools; owned by the
// registry. Thread-safe.
class SessionDirectory final {
 public:
  void Add(const std::shared_ptr<Session>& session) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  // Null if there is none.
  std::shared_ptr<Session> Find(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, std::shared_ptr<Session>> sessions_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_SESSION_DIRECTORY_H_
