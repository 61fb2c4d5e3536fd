#ifndef ENVKNIT_SERVER_POOL_SESSION_SNAPSHOT_H_
#define ENVKNIT_SERVER_POOL_SESSION_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "absl/types/optional.h"

#include "envknit/call.h"
#include "envknit/worker.h"

namespace envknit {

// What ListSessions shows.
struct SessionSnapshot {
  std::string environment;
  IsolationKind isolation = IsolationKind::kProcess;
  std::string name;
  Identity identity;
  bool attached = false;
  // Opened for the handles of a call that named no session.
  bool implicit = false;
  std::map<std::string, std::string> labels;
  // Of its worker; 0 while it has none.
  int pid = 0;
  Epoch epoch = 0;
  // As its worker says.
  uint64_t handles = 0;
  int calls_in_flight = 0;
  uint64_t calls = 0;
  absl::Time opened;
  absl::Time last_call;
  // When it ends if no call comes; unset while only its client or the end of a
  // call may end it.
  absl::optional<absl::Time> expires;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_POOL_SESSION_SNAPSHOT_H_
