#include "server/runtime/type_description.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/name_kind.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

namespace field = schema::type_info;
using schema::Capability;

// Sorted.
constexpr std::array<std::string_view, 79> kOperators = {
    "__abs__",       "__add__",         "__aenter__",  "__aexit__",
    "__aiter__",     "__and__",         "__anext__",   "__await__",
    "__bool__",      "__bytes__",       "__call__",    "__ceil__",
    "__complex__",   "__contains__",    "__delitem__", "__divmod__",
    "__enter__",     "__eq__",          "__exit__",    "__float__",
    "__floor__",     "__floordiv__",    "__ge__",      "__getitem__",
    "__gt__",        "__hash__",        "__iadd__",    "__iand__",
    "__ifloordiv__", "__ilshift__",     "__imatmul__", "__imod__",
    "__imul__",      "__index__",       "__int__",     "__invert__",
    "__ior__",       "__ipow__",        "__irshift__", "__isub__",
    "__iter__",      "__itruediv__",    "__ixor__",    "__le__",
    "__len__",       "__length_hint__", "__lshift__",  "__lt__",
    "__matmul__",    "__mod__",         "__mul__",     "__ne__",
    "__neg__",       "__next__",        "__or__",      "__pos__",
    "__pow__",       "__radd__",        "__rand__",    "__rdivmod__",
    "__reversed__",  "__rfloordiv__",   "__rlshift__", "__rmatmul__",
    "__rmod__",      "__rmul__",        "__ror__",     "__round__",
    "__rpow__",      "__rrshift__",     "__rshift__",  "__rsub__",
    "__rtruediv__",  "__rxor__",        "__setitem__", "__sub__",
    "__truediv__",   "__trunc__",       "__xor__"};

constexpr std::size_t kMaxNames = 4096;
constexpr std::size_t kMaxNameBytes = 256;

// Sorted. What notebooks ask for, and the arrays' own protocol.
constexpr std::array<std::string_view, 10> kDisplays = {
    "__array__",       "_ipython_key_completions_",
    "_repr_html_",     "_repr_jpeg_",
    "_repr_json_",     "_repr_latex_",
    "_repr_markdown_", "_repr_mimebundle_",
    "_repr_png_",      "_repr_svg_"};

bool IsCallable(PyObject* value) {
  return Py_IS_TYPE(value, &PyClassMethod_Type) ||
         Py_IS_TYPE(value, &PyStaticMethod_Type) || PyCallable_Check(value);
}

bool IsSpecialName(std::string_view name) {
  return IsOperatorName(name) ||
         std::binary_search(kDisplays.begin(), kDisplays.end(), name);
}

// The names a lookup on instances of a type finds, each with the value that
// wins, up to `object`.
struct NamesFound {
  std::vector<std::string> methods;
  std::vector<std::string> special;
};

// Calls `visit(name, value)` for each str name in the dicts of the MRO, nearest
// class first, without those of object and type.
template <typename Visit>
void WalkMro(PyTypeObject* type, Visit visit) {
  PyObject* const mro = type->tp_mro;
  if (mro == nullptr) return;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); ++i) {
    auto* const base =
        reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    if (base == &PyBaseObject_Type || base == &PyType_Type) continue;
#if PY_VERSION_HEX >= 0x030C0000
    // The dicts of builtin types are the interpreter's.
    const PyRef dict = PyRef::Steal(PyType_GetDict(base));
#else
    const PyRef dict = PyRef::Borrow(base->tp_dict);
#endif
    if (!dict) continue;
    Py_ssize_t position = 0;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    while (PyDict_Next(dict.get(), &position, &key, &value) != 0) {
      if (PyUnicode_CheckExact(key)) visit(TextOf(key, kMaxNameBytes), value);
    }
  }
}

NamesFound FindNames(PyTypeObject* type) {
  NamesFound found;
  std::set<std::string> seen;
  WalkMro(type, [&](const std::string& name, PyObject* value) {
    if (name.empty() || !seen.insert(name).second) return;
    const bool is_public = name[0] != '_';
    if (is_public ? !IsOnlyCalled(value)
                  : !IsSpecialName(name) || !IsCallable(value)) {
      return;
    }
    std::vector<std::string>& list = is_public ? found.methods : found.special;
    if (list.size() < kMaxNames) list.push_back(name);
  });
  std::sort(found.methods.begin(), found.methods.end());
  std::sort(found.special.begin(), found.special.end());
  return found;
}

bool Has(const std::vector<std::string>& names, const char* name) {
  return std::binary_search(names.begin(), names.end(), name);
}

// C types define all six comparisons for the sake of `==`; `<` of these says
// NotImplemented to everything.
bool IsOrdered(PyTypeObject* type) {
  const PyRef name = PyRef::Steal(PyUnicode_FromString("__lt__"));
  if (!name) return false;
  PyObject* const found = _PyType_Lookup(type, name.get());  // borrowed
  if (found == nullptr) return false;
  if (!Py_IS_TYPE(found, &PyWrapperDescr_Type)) return true;
  PyTypeObject* const owner = PyDescr_TYPE(found);
  // In interpreters of 3.12 that are not the main one, inherited slots of
  // builtin types count as their own.
  if (owner->tp_richcompare == PyBaseObject_Type.tp_richcompare) return false;
  return PyType_IsSubtype(owner, &PyDict_Type) == 0 &&
         owner != &PyDictProxy_Type && owner != &PyRange_Type &&
         owner != &PyComplex_Type && owner != &PyCFunction_Type &&
         owner != &PyMethod_Type && owner != &PyCode_Type &&
         owner != &PyCell_Type && owner != &PyMemoryView_Type;
}

// From the special methods that can be called (`__iter__ = None` says that
// there is none), which C types have, too: Python makes them from the slots.
// What has no method, from the slots.
std::vector<Capability> FindCapabilities(
    PyTypeObject* type, const std::vector<std::string>& special) {
  std::vector<Capability> found;
  const auto add = [&](bool can, Capability capability) {
    if (can) found.push_back(capability);
  };
  const PySequenceMethods* const sequence = type->tp_as_sequence;
  const PyNumberMethods* const number = type->tp_as_number;
  add(Has(special, "__len__"), Capability::kSized);
  add(Has(special, "__contains__"), Capability::kContainer);
  add(Has(special, "__getitem__"), Capability::kSubscript);
  // Without __iter__ a sequence is iterated by its items.
  add(type->tp_iter != nullptr
          ? Has(special, "__iter__")
          : sequence != nullptr && sequence->sq_item != nullptr &&
                Has(special, "__getitem__"),
      Capability::kIterable);
  add(Has(special, "__next__"), Capability::kIterator);
  add(Has(special, "__call__"), Capability::kCallable);
  add(number != nullptr &&
          (number->nb_add != nullptr || number->nb_index != nullptr ||
           number->nb_int != nullptr || number->nb_float != nullptr),
      Capability::kNumber);
  add(Has(special, "__lt__") && IsOrdered(type), Capability::kOrdered);
  add(Has(special, "__enter__") && Has(special, "__exit__"),
      Capability::kContextManager);
  add(type->tp_as_buffer != nullptr &&
          type->tp_as_buffer->bf_getbuffer != nullptr,
      Capability::kBuffer);
  add(Has(special, "__await__"), Capability::kAwaitable);
  add(type->tp_hash != nullptr && type->tp_hash != &PyObject_HashNotImplemented,
      Capability::kHashable);
  return found;
}

}  // namespace

bool IsOperatorName(std::string_view name) {
  return std::binary_search(kOperators.begin(), kOperators.end(), name);
}

std::string DescribeType(PyTypeObject* type, uint32_t type_id, bool is_class) {
  ByteWriter out;
  const TypeNames names = NamesOf(type);
  out.VarintField(field::kTypeId, type_id);
  out.TextField(field::kModule, names.module);
  out.TextField(field::kName, names.qualname);
  PyObject* const mro = type->tp_mro;
  for (Py_ssize_t i = 0; mro != nullptr && i < PyTuple_GET_SIZE(mro); ++i) {
    out.BytesField(
        field::kMro,
        NamesOf(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i)))
            .Full());
  }
  // What can be called on a class is what its instances have; what operators
  // do to it is up to its metaclass.
  const NamesFound own = FindNames(type);
  PyTypeObject* const acting = is_class ? Py_TYPE(type) : type;
  std::vector<std::string> special =
      is_class ? FindNames(acting).special : own.special;
  if (is_class && !Has(special, "__call__")) {
    // Of `type` itself, which the walk leaves out.
    special.insert(std::lower_bound(special.begin(), special.end(), "__call__"),
                   "__call__");
  }
  for (const Capability capability : FindCapabilities(acting, special)) {
    out.VarintField(field::kCapabilities, static_cast<uint32_t>(capability));
  }
  for (const std::string& name : own.methods) {
    out.BytesField(field::kMethods, name);
  }
  for (const std::string& name : special) {
    out.BytesField(field::kSpecialMethods, name);
  }
  if (is_class) out.VarintField(field::kIsClass, 1);
  return std::string(out.view());
}

}  // namespace envknit
