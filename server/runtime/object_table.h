#ifndef ENVKNIT_SERVER_RUNTIME_OBJECT_TABLE_H_
#define ENVKNIT_SERVER_RUNTIME_OBJECT_TABLE_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/type_registry.h"

namespace envknit {

// What a request does with the object of a handle, as far as iterators care.
enum class HandleUse {
  // Reads an attribute, calls another method, describes it.
  kRead,
  // Asks for its iterator.
  kBegin,
  // Takes items, or gives it to code that may.
  kRun,
};

// The objects that clients hold handles of. Ids are fresh for every transfer,
// consecutive within one reply, and never reused. Owned by the runtime; needs
// the GIL. Dropping an object runs its __del__, which may do anything, so
// references are given out to be dropped by the caller, never dropped inside.
class ObjectTable final : public HandleEncoder, public HandleDecoder {
 public:
  // `types` is borrowed.
  ObjectTable(uint64_t epoch, TypeRegistry& types)
      : epoch_(epoch), types_(types) {}
  ObjectTable(const ObjectTable&) = delete;
  ObjectTable& operator=(const ObjectTable&) = delete;

  // The handles that follow belong to `session` and to a new reply.
  void BeginReply(uint64_t session);

  // HandleEncoder: every object can be a handle.
  Answer Encode(PyObject* object, HandleFields& handle,
                CodecError& error) override;

  // A handle of an object of our own, which no client is told the type of.
  HandleFields AddInternal(PyObject* object);

  // HandleDecoder: the object itself, to be given to user code. HANDLE_EXPIRED
  // for another epoch or a released id, CROSS_WORKER for another session's.
  PyObject* Decode(const HandleFields& handle, CodecError& error) override {
    return DecodeFor(value_use_, handle, error);
  }
  // The same for another use.
  PyObject* DecodeFor(HandleUse use, const HandleFields& handle,
                      CodecError& error);
  // Until the next BeginReply(), user code only reads what it is given.
  void OnlyRead() { value_use_ = HandleUse::kRead; }

  // First id and number of the handles of this reply.
  uint64_t first_of_reply() const { return first_of_reply_; }
  uint32_t count_of_reply() const {
    return static_cast<uint32_t>(next_id_ - first_of_reply_);
  }

  // Takes the handles of this reply back, as if it had made none.
  std::vector<PyRef> TakeReplyBack();
  // Takes the last ones back, from `first_id` on: their ids, which nobody has
  // seen, are given again.
  std::vector<PyRef> TakeBackFrom(uint64_t first_id);
  // Takes back the first one alone.
  PyRef TakeFirstBack();
  // The id of the next handle.
  uint64_t next_id() const { return next_id_; }

  // Takes one handle of the session out; empty if there is none such.
  PyRef Take(uint64_t session, uint64_t id);
  // The same for the session of this reply.
  PyRef TakeOwn(uint64_t id) { return Take(session_, id); }
  // The same for [first_id, first_id + count), touching only those there.
  void TakeRange(uint64_t session, uint64_t first_id, uint64_t count,
                 std::vector<PyRef>& taken);
  std::vector<PyRef> TakeSession(uint64_t session);

  // Handles of all sessions.
  std::size_t size() const { return handles_.size(); }
  uint64_t HeldBy(uint64_t session) const;

  // The call whose handles were decoded since BeginReply() was stopped in the
  // middle: the iterators it may have run are dead. CPython would let a
  // generator that an interrupt went through end silently, and the items the
  // call took are lost; so they are refused with RuntimeError, until their last
  // handle is gone, to whatever would iterate them. Everything else can be done
  // with them still. Of objects that aren't Python's own iterators but have a
  // __next__, those that were only read are not dead; files never are.
  void KillIterators();

 private:
  struct Entry {
    PyRef object;
    uint64_t session;
  };
  // Names an object while any handle of it is held.
  struct Identity {
    uint64_t object_id = 0;
    uint64_t handles = 0;
    bool dead = false;
  };
  using Handles = std::unordered_map<uint64_t, Entry>;

  void Add(PyObject* object, HandleFields& handle);
  PyRef Remove(Handles::iterator at);
  // False: the exception that says that it is dead is set.
  bool CheckAlive(PyObject* object) const;

  const uint64_t epoch_;
  TypeRegistry& types_;
  uint64_t session_ = 0;
  uint64_t next_id_ = 1;
  uint64_t first_of_reply_ = 1;
  uint64_t next_object_id_ = 1;
  Handles handles_;
  std::unordered_map<PyObject*, Identity> identities_;
  // That the current call may run; they are held by the table.
  std::vector<PyObject*> iterators_;
  bool any_dead_ = false;
  HandleUse value_use_ = HandleUse::kRun;
  // How many of them each session has; none has 0.
  std::unordered_map<uint64_t, uint64_t> held_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_OBJECT_TABLE_H_
