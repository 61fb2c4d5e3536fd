// Which types the replies of one connection told of.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_TYPE_LEDGER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_TYPE_LEDGER_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "python_client/native/attach_frames.h"

namespace envknit::native {

// A worker describes a type once, in the first reply that needs it, and one
// that replaced another says its epoch in the first reply of all. Threads
// decode their replies in any order, so both are noted here as the replies come
// in. Thread-safe; needs no GIL.
class TypeLedger final {
 public:
  // Between them the session's replies are noted.
  void Open(uint32_t session_number);
  void Close(uint32_t session_number);

  // To be called in the order of the replies, also for those that nobody waits
  // for. Cheap for one without types and epoch. What can't be read is skipped.
  void Note(uint32_t session_number, AttachMethod method,
            const AttachReply& reply);

  // The serialized TypeInfo; empty for one that never came, or whose worker
  // was replaced more than once since.
  std::string Find(uint32_t session_number, uint64_t epoch,
                   uint32_t type_id) const;

 private:
  using Types = std::unordered_map<uint32_t, std::string>;
  struct Entry {
    // The one that the next types are of.
    uint64_t epoch = 0;
    // By epoch. No reply says that of the session's first worker: it stands
    // under 0, for every epoch that isn't here.
    std::map<uint64_t, Types> types{{0, {}}};
  };

  // Those of an epoch; null if they are forgotten. Needs mu_.
  const Types* TypesOf(uint32_t session_number, uint64_t epoch) const;

  mutable std::mutex mu_;
  // Guarded by mu_.
  std::map<uint32_t, Entry> sessions_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_TYPE_LEDGER_H_
