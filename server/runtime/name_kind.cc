#include "server/runtime/name_kind.h"

namespace envknit {
namespace {

using schema::NameKind;

bool HasOperators(const PyTypeObject* type) {
  const PySequenceMethods* const sequence = type->tp_as_sequence;
  const PyMappingMethods* const mapping = type->tp_as_mapping;
  const PyNumberMethods* const number = type->tp_as_number;
  // `type` itself has `|`, so that one doesn't count.
  return type->tp_iter != nullptr ||
         (sequence != nullptr &&
          (sequence->sq_length != nullptr || sequence->sq_item != nullptr)) ||
         (mapping != nullptr && (mapping->mp_length != nullptr ||
                                 mapping->mp_subscript != nullptr)) ||
         (number != nullptr &&
          (number->nb_add != nullptr || number->nb_subtract != nullptr ||
           number->nb_multiply != nullptr));
}

}  // namespace

bool IsOnlyCalled(PyObject* value) {
  if (Py_IS_TYPE(value, &PyClassMethod_Type) ||
      Py_IS_TYPE(value, &PyStaticMethod_Type)) {
    return true;
  }
  const PyTypeObject* const type = Py_TYPE(value);
  return type->tp_call != nullptr && !HasOperators(type);
}

NameKind KindOf(PyObject* value) {
  if (PyModule_Check(value)) return NameKind::kModule;
  if (PyType_Check(value)) return NameKind::kClass;
  return IsOnlyCalled(value) ? NameKind::kCallable : NameKind::kData;
}

}  // namespace envknit
