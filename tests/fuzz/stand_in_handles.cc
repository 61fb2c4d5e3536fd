#include "tests/fuzz/stand_in_handles.h"

#include <memory>

#include "tests/fuzz/fuzz_check.h"

namespace envknit {
namespace {

constexpr char kProxy[] = "envknit.stand_in";

struct Name {
  uint64_t id;
  uint64_t epoch;
};

Name* NameOf(PyObject* proxy) {
  return static_cast<Name*>(PyCapsule_GetPointer(proxy, kProxy));
}

// Held for ever.
PyObject* RowType() {
  static PyObject* const type =
      PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(O){}",
                            "Row", &PyTuple_Type);
  FuzzCheck(type != nullptr, "a subclass of tuple can be made");
  return type;
}

}  // namespace

HandleEncoder::Answer StandInHandles::Encode(PyObject* object,
                                             HandleFields& handle,
                                             CodecError&) {
  if (PyCapsule_CheckExact(object)) {
    const Name* const name = NameOf(object);
    handle.id = name->id;
    handle.epoch = name->epoch;
    return Answer::kHandle;
  }
  if (!all_) return Answer::kNotAHandle;
  handle.id = next_id_++;
  return Answer::kHandle;
}

PyObject* StandInHandles::Decode(const HandleFields& handle,
                                 CodecError& error) {
  auto name = std::make_unique<Name>(Name{handle.id, handle.epoch});
  PyObject* const proxy =
      PyCapsule_New(name.get(), kProxy, [](PyObject* capsule) {
        const std::unique_ptr<Name> dropped(NameOf(capsule));
      });
  if (proxy == nullptr) {
    error.Python();
    return nullptr;
  }
  static_cast<void>(name.release());
  return proxy;
}

PyObject* StandInHandles::DecodeWithItems(const HandleFields&, PyObject* items,
                                          CodecError& error) {
  PyObject* const row = PyObject_CallFunctionObjArgs(RowType(), items, nullptr);
  if (row == nullptr) error.Python();
  return row;
}

}  // namespace envknit
