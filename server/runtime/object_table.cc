#include "server/runtime/object_table.h"

#include <utility>

#include "server/pyvalue/concat.h"

namespace envknit {

void ObjectTable::BeginReply(uint64_t session) {
  session_ = session;
  first_of_reply_ = next_id_;
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
}

PyObject* ObjectTable::Decode(const HandleFields& handle, CodecError& error) {
  const auto found =
      handle.epoch == epoch_ ? handles_.find(handle.id) : handles_.end();
  if (found != handles_.end() && found->second.session == session_) {
    PyObject* const object = found->second.object.get();
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

PyRef ObjectTable::Remove(Handles::iterator at) {
  PyRef object = std::move(at->second.object);
  handles_.erase(at);
  const auto identity = identities_.find(object.get());
  if (--identity->second.handles == 0) identities_.erase(identity);
  return object;
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
