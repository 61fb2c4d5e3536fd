#include "server/runtime/object_table.h"

#include <cstring>
#include <utility>

#include "server/pyvalue/concat.h"

namespace envknit {
namespace {

bool IsFile(const PyTypeObject* type) {
  for (; type != nullptr; type = type->tp_base) {
    if (std::strncmp(type->tp_name, "_io.", 4) == 0) return true;
  }
  return false;
}

// An interrupt leaves a file where it was.
bool IsIterator(PyObject* object) {
  return PyIter_Check(object) != 0 && !IsFile(Py_TYPE(object));
}

// Python's own iterators, and subclasses. They are nothing but iterators, and
// say nothing when an interrupt went through them.
bool IsPythonsIterator(PyObject* object) {
  if (PyGen_CheckExact(object) || PyCoro_CheckExact(object) ||
      PyAsyncGen_CheckExact(object)) {
    return true;
  }
  if (PyIter_Check(object) == 0) return false;
  for (const PyTypeObject* type = Py_TYPE(object); type != nullptr;
       type = type->tp_base) {
    if (std::strncmp(type->tp_name, "itertools.", 10) == 0) return true;
    // Builtin types are those without a module in their name.
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 &&
        type->tp_iternext != nullptr &&
        std::strchr(type->tp_name, '.') == nullptr) {
      return true;
    }
  }
  return false;
}

}  // namespace

void ObjectTable::BeginReply(uint64_t session) {
  session_ = session;
  first_of_reply_ = next_id_;
  iterators_.clear();
  value_use_ = HandleUse::kRun;
}

HandleEncoder::Answer ObjectTable::Encode(PyObject* object,
                                          HandleFields& handle,
                                          CodecError& error) {
  if (!types_.Describe(object, session_, handle)) {
    error.Python();
    return Answer::kFailed;
  }
  Add(object, handle);
  return Answer::kHandle;
}

HandleFields ObjectTable::AddInternal(PyObject* object) {
  HandleFields handle;
  Add(object, handle);
  return handle;
}

void ObjectTable::Add(PyObject* object, HandleFields& handle) {
  Identity& identity = identities_[object];
  if (identity.handles++ == 0) identity.object_id = next_object_id_++;
  handle.id = next_id_++;
  handle.epoch = epoch_;
  handle.object_id = identity.object_id;
  handles_.emplace(handle.id, Entry{PyRef::Borrow(object), session_});
  ++held_[session_];
}

PyObject* ObjectTable::DecodeFor(HandleUse use, const HandleFields& handle,
                                 CodecError& error) {
  const auto found =
      handle.epoch == epoch_ ? handles_.find(handle.id) : handles_.end();
  if (found != handles_.end() && found->second.session == session_) {
    PyObject* const object = found->second.object.get();
    if (use != HandleUse::kRead && !CheckAlive(object)) {
      error.Python();
      return nullptr;
    }
    if (IsPythonsIterator(object) ||
        (use == HandleUse::kRun && IsIterator(object))) {
      iterators_.push_back(object);
    }
    Py_INCREF(object);
    return object;
  }
  error.kind = CodecError::Kind::kHandle;
  error.handle = handle.id;
  error.epoch = handle.epoch;
  const std::string id = std::to_string(handle.id);
  if (found != handles_.end()) {
    error.reason = "CROSS_WORKER";
    error.message = Concat({"handle ", id, " belongs to another session"});
  } else {
    error.reason = "HANDLE_EXPIRED";
    error.message =
        handle.epoch == epoch_
            ? Concat({"handle ", id, " was released"})
            : Concat({"handle ", id, " is of a worker that is gone"});
  }
  return nullptr;
}

bool ObjectTable::CheckAlive(PyObject* object) const {
  if (!any_dead_) return true;
  const auto identity = identities_.find(object);
  if (identity == identities_.end() || !identity->second.dead) return true;
  PyErr_Format(PyExc_RuntimeError,
               "this %.100s was interrupted in the middle of a call, which "
               "lost items: make a new one",
               Py_TYPE(object)->tp_name);
  return false;
}

void ObjectTable::KillIterators() {
  for (PyObject* const iterator : iterators_) {
    const auto identity = identities_.find(iterator);
    if (identity == identities_.end()) continue;
    identity->second.dead = true;
    any_dead_ = true;
  }
  iterators_.clear();
}

PyRef ObjectTable::Remove(Handles::iterator at) {
  PyRef object = std::move(at->second.object);
  const auto held = held_.find(at->second.session);
  if (--held->second == 0) held_.erase(held);
  handles_.erase(at);
  const auto identity = identities_.find(object.get());
  if (--identity->second.handles == 0) identities_.erase(identity);
  return object;
}

uint64_t ObjectTable::HeldBy(uint64_t session) const {
  const auto held = held_.find(session);
  return held == held_.end() ? 0 : held->second;
}

PyRef ObjectTable::Take(uint64_t session, uint64_t id) {
  const auto found = handles_.find(id);
  if (found == handles_.end() || found->second.session != session) return {};
  return Remove(found);
}

void ObjectTable::TakeRange(uint64_t session, uint64_t first_id, uint64_t count,
                            std::vector<PyRef>& taken) {
  if (count > handles_.size()) {
    // A range may claim anything; what is there is the smaller set.
    std::vector<uint64_t> ids;
    for (const auto& [id, entry] : handles_) {
      if (id >= first_id && id - first_id < count) ids.push_back(id);
    }
    for (const uint64_t id : ids) {
      if (PyRef object = Take(session, id)) taken.push_back(std::move(object));
    }
    return;
  }
  for (uint64_t i = 0; i < count; ++i) {
    PyRef object = Take(session, first_id + i);
    if (object) taken.push_back(std::move(object));
  }
}

std::vector<PyRef> ObjectTable::TakeReplyBack() {
  std::vector<PyRef> taken;
  TakeRange(session_, first_of_reply_, next_id_ - first_of_reply_, taken);
  first_of_reply_ = next_id_;
  return taken;
}

std::vector<PyRef> ObjectTable::TakeBackFrom(uint64_t first_id) {
  std::vector<PyRef> taken;
  TakeRange(session_, first_id, next_id_ - first_id, taken);
  next_id_ = first_id;
  return taken;
}

PyRef ObjectTable::TakeFirstBack() { return Take(session_, first_of_reply_++); }

std::vector<PyRef> ObjectTable::TakeSession(uint64_t session) {
  std::vector<uint64_t> ids;
  for (const auto& [id, entry] : handles_) {
    if (entry.session == session) ids.push_back(id);
  }
  std::vector<PyRef> taken;
  for (const uint64_t id : ids) taken.push_back(Take(session, id));
  return taken;
}

}  // namespace envknit
