#ifndef ENVKNIT_SERVER_RUNTIME_TYPE_REGISTRY_H_
#define ENVKNIT_SERVER_RUNTIME_TYPE_REGISTRY_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// The types of the objects that were given out as handles, each described once
// while it lives, and who was told about them: a TypeInfo is sent once per type
// and session. Classes that were made at run time are not held; one that comes
// to the address of a collected one is described anew, under an id of its own.
// Ids are never reused. Owned by the runtime; needs the GIL.
class TypeRegistry final {
 public:
  TypeRegistry() = default;
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // Fills what a Handle says about its object's type: type id, length, tensor
  // meta. Runs no user code. The type's TypeInfo is due for this reply if
  // `session` has not got it yet. False: a Python exception is set.
  bool Describe(PyObject* object, uint64_t session, HandleFields& handle);

  // The message TypeInfo of an object, or of a class itself; due likewise.
  // Valid until the next call of this or Describe(). Empty: a Python exception
  // is set.
  std::string_view InfoOf(PyObject* object, uint64_t session);

  // Appends the TypeInfos that are due, as fields of Outcome, and forgets them.
  // Unless `delivered`, they are due again next time: the reply may get lost.
  void WriteDue(ByteWriter& out, uint64_t session, bool delivered);

  // Drops what is due: the reply is replaced by another. With `kept`, only
  // what became due after the first `kept`.
  void ForgetDue(std::size_t kept = 0) { due_.resize(kept); }

  // How many TypeInfos are due, and their size in the reply, roughly.
  std::size_t due_count() const { return due_.size(); }
  std::size_t due_bytes() const;

  void EndSession(uint64_t session) { told_.erase(session); }

 private:
  struct Entry {
    uint32_t type_id = 0;
    // The message TypeInfo.
    std::string info;
    // len() of an instance runs C code of a builtin type only.
    bool has_free_length = false;
    // numpy.ndarray, or a subclass: where its getters are.
    PyTypeObject* ndarray = nullptr;
    // The type itself if it is static, else a weak reference to it: without a
    // callback, so that no collection calls us.
    PyRef type;

    bool IsOf(PyTypeObject* other) const;
    bool is_dead() const;
  };
  using Entries =
      std::unordered_map<PyTypeObject*, std::shared_ptr<const Entry>>;

  // Null: a Python exception is set.
  std::shared_ptr<const Entry> Find(PyObject* object);
  // The session is told of it with this reply, unless it knows.
  void MakeDue(std::shared_ptr<const Entry> entry, uint64_t session);
  std::shared_ptr<const Entry> NewEntry(PyTypeObject* type, bool is_class);
  // Forgets the types that were collected, when there may be as many of them as
  // of others.
  void ForgetDead();
  void ForgetDeadOf(Entries& entries);
  // The entry behind the one that is forgotten.
  Entries::iterator Forget(Entries& entries, Entries::iterator at);

  uint32_t next_type_id_ = 1;
  Entries instances_;
  Entries classes_;
  // The number of entries at which to look for dead ones.
  std::size_t crowded_ = 256;
  // Session → type ids it was told.
  std::unordered_map<uint64_t, std::unordered_set<uint32_t>> told_;
  std::vector<std::shared_ptr<const Entry>> due_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TYPE_REGISTRY_H_
