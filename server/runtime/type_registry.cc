#include "server/runtime/type_registry.h"

#include <algorithm>
#include <utility>

#include "server/runtime/handle_details.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_description.h"

namespace envknit {

std::unique_ptr<TypeRegistry::Entry> TypeRegistry::NewEntry(PyTypeObject* type,
                                                            bool is_class) {
  auto entry = std::make_unique<Entry>();
  entry->type_id = next_type_id_++;
  entry->info = DescribeType(type, entry->type_id, is_class);
  entry->type = PyRef::Borrow(reinterpret_cast<PyObject*>(type));
  if (!is_class) {
    entry->has_free_length = HasFreeLength(type);
    entry->ndarray = FindNumpyArrayType(type);
  }
  return entry;
}

const TypeRegistry::Entry* TypeRegistry::Find(PyObject* object) {
  const bool is_class = PyType_Check(object) != 0;
  PyTypeObject* const type =
      is_class ? reinterpret_cast<PyTypeObject*>(object) : Py_TYPE(object);
  std::unique_ptr<Entry>& entry = is_class ? classes_[type] : instances_[type];
  if (entry == nullptr) entry = NewEntry(type, is_class);
  return entry.get();
}

bool TypeRegistry::Describe(PyObject* object, uint64_t session,
                            HandleFields& handle) {
  const Entry* const entry = Find(object);
  if (PyErr_Occurred() != nullptr) return false;
  handle.type_id = entry->type_id;
  if (entry->has_free_length) FillLength(object, handle);
  if (entry->ndarray != nullptr) {
    FillTensorMeta(object, entry->ndarray, handle);
  }
  MakeDue(entry, session);
  return true;
}

std::size_t TypeRegistry::due_bytes() const {
  // Of a tag and a length.
  constexpr std::size_t kHeadBytes = 6;
  std::size_t bytes = 0;
  for (const Entry* const entry : due_)
    bytes += entry->info.size() + kHeadBytes;
  return bytes;
}

std::string_view TypeRegistry::InfoOf(PyObject* object, uint64_t session) {
  const Entry* const entry = Find(object);
  if (PyErr_Occurred() != nullptr) return {};
  MakeDue(entry, session);
  return entry->info;
}

void TypeRegistry::MakeDue(const Entry* entry, uint64_t session) {
  const auto told = told_.find(session);
  if (told != told_.end() && told->second.count(entry->type_id) != 0) return;
  if (std::find(due_.begin(), due_.end(), entry) == due_.end()) {
    due_.push_back(entry);
  }
}

void TypeRegistry::WriteDue(ByteWriter& out, uint64_t session, bool delivered) {
  for (const Entry* const entry : due_) {
    out.BytesField(schema::outcome::kTypes, entry->info);
    if (delivered && session != 0) told_[session].insert(entry->type_id);
  }
  due_.clear();
}

}  // namespace envknit
