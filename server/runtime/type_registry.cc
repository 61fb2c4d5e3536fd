#include "server/runtime/type_registry.h"

#include <algorithm>
#include <utility>

#include "server/runtime/handle_details.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_description.h"

namespace envknit {
namespace {

bool IsStatic(const PyTypeObject* type) {
  return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
}

// What a weak reference refers to, only to be compared; null if that is gone.
const PyObject* Referent(PyObject* reference) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject* object = nullptr;
  if (PyWeakref_GetRef(reference, &object) <= 0) return nullptr;
  // It lives: this was not its only reference.
  Py_DECREF(object);
  return object;
#else
  const PyObject* const object = PyWeakref_GET_OBJECT(reference);  // borrowed
  return object == Py_None ? nullptr : object;
#endif
}

}  // namespace

bool TypeRegistry::Entry::IsOf(PyTypeObject* other) const {
  const auto* const object = reinterpret_cast<PyObject*>(other);
  return type.get() == object ||
         (PyWeakref_Check(type.get()) && Referent(type.get()) == object);
}

bool TypeRegistry::Entry::is_dead() const {
  return PyWeakref_Check(type.get()) && Referent(type.get()) == nullptr;
}

std::shared_ptr<const TypeRegistry::Entry> TypeRegistry::NewEntry(
    PyTypeObject* type, bool is_class) {
  auto entry = std::make_shared<Entry>();
  auto* const object = reinterpret_cast<PyObject*>(type);
  entry->type = IsStatic(type)
                    ? PyRef::Borrow(object)
                    : PyRef::Steal(PyWeakref_NewRef(object, nullptr));
  if (!entry->type) return nullptr;
  entry->type_id = next_type_id_++;
  entry->info = DescribeType(type, entry->type_id, is_class);
  if (!is_class) {
    entry->has_free_length = HasFreeLength(type);
    entry->ndarray = FindNumpyArrayType(type);
  }
  if (PyErr_Occurred() != nullptr) return nullptr;
  return entry;
}

std::shared_ptr<const TypeRegistry::Entry> TypeRegistry::Find(
    PyObject* object) {
  const bool is_class = PyType_Check(object) != 0;
  PyTypeObject* const type =
      is_class ? reinterpret_cast<PyTypeObject*>(object) : Py_TYPE(object);
  Entries& entries = is_class ? classes_ : instances_;
  const auto found = entries.find(type);
  if (found != entries.end()) {
    if (found->second->IsOf(type)) return found->second;
    // Of a type that was there before.
    Forget(entries, found);
  }
  ForgetDead();
  std::shared_ptr<const Entry> entry = NewEntry(type, is_class);
  if (entry != nullptr) entries.insert_or_assign(type, entry);
  return entry;
}

void TypeRegistry::ForgetDead() {
  if (instances_.size() + classes_.size() < crowded_) return;
  ForgetDeadOf(instances_);
  ForgetDeadOf(classes_);
  crowded_ = std::max(crowded_, 2 * (instances_.size() + classes_.size()));
}

void TypeRegistry::ForgetDeadOf(Entries& entries) {
  for (auto at = entries.begin(); at != entries.end();) {
    if (!at->second->is_dead()) {
      ++at;
      continue;
    }
    at = Forget(entries, at);
  }
}

TypeRegistry::Entries::iterator TypeRegistry::Forget(Entries& entries,
                                                     Entries::iterator at) {
  const uint32_t id = at->second->type_id;
  for (auto& [session, told] : told_) told.erase(id);
  return entries.erase(at);
}

bool TypeRegistry::Describe(PyObject* object, uint64_t session,
                            HandleFields& handle) {
  std::shared_ptr<const Entry> entry = Find(object);
  if (entry == nullptr) return false;
  handle.type_id = entry->type_id;
  if (entry->has_free_length) FillLength(object, handle);
  if (entry->ndarray != nullptr) {
    FillTensorMeta(object, entry->ndarray, handle);
  }
  MakeDue(std::move(entry), session);
  return true;
}

std::size_t TypeRegistry::due_bytes() const {
  // Of a tag and a length.
  constexpr std::size_t kHeadBytes = 6;
  std::size_t bytes = 0;
  for (const auto& entry : due_) bytes += entry->info.size() + kHeadBytes;
  return bytes;
}

std::string_view TypeRegistry::InfoOf(PyObject* object, uint64_t session) {
  std::shared_ptr<const Entry> entry = Find(object);
  if (entry == nullptr) return {};
  // The registry holds it.
  const std::string_view info = entry->info;
  MakeDue(std::move(entry), session);
  return info;
}

void TypeRegistry::MakeDue(std::shared_ptr<const Entry> entry,
                           uint64_t session) {
  const auto told = told_.find(session);
  if (told != told_.end() && told->second.count(entry->type_id) != 0) return;
  if (std::find(due_.begin(), due_.end(), entry) == due_.end()) {
    due_.push_back(std::move(entry));
  }
}

void TypeRegistry::WriteDue(ByteWriter& out, uint64_t session, bool delivered) {
  for (const auto& entry : due_) {
    out.BytesField(schema::outcome::kTypes, entry->info);
    if (delivered && session != 0) told_[session].insert(entry->type_id);
  }
  due_.clear();
}

}  // namespace envknit
