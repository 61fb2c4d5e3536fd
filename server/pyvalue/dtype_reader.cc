#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/loaded_module.h"
#include "server/pyvalue/structured_dtype.h"
#include "server/pyvalue/tensor_layout.h"

// The receiving side of structured dtypes. numpy gets no text of the message
// but names and checked typestrs, and offsets that can't overlap.
namespace envknit {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxFields = 10'000;
constexpr int kMaxDimensions = 64;
// numpy's own limit is that of an int.
constexpr uint64_t kMaxItemBytes = INT32_MAX;

class DtypeBuilder final {
 public:
  DtypeBuilder(PyObject* make_dtype, CodecError& error)
      : make_dtype_(make_dtype), error_(error) {}

  // The dtype of a list of fields, and the bytes of its items.
  PyRef Build(PyObject* list, int depth, uint64_t& item_bytes) {
    if (!PyList_CheckExact(list) || depth == kMaxDepth) return Fail();
    Lists lists;
    for (PyRef& part : lists) {
      part = PyRef::Steal(PyList_New(0));
      if (!part) return Python();
    }
    uint64_t end = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
      if (++fields_ > kMaxFields) return Fail();
      if (!AddField(PyList_GET_ITEM(list, i), depth, lists, end)) return {};
    }
    if (end == 0 || PyList_GET_SIZE(lists[kNames].get()) == 0) return Fail();
    item_bytes = end;
    const PyRef spec = PyRef::Steal(
        Py_BuildValue("{sOsOsOsOsK}", "names", lists[kNames].get(), "formats",
                      lists[kFormats].get(), "offsets", lists[kOffsets].get(),
                      "titles", lists[kTitles].get(), "itemsize",
                      static_cast<unsigned long long>(end)));
    if (!spec) return Python();
    PyRef dtype = PyRef::Steal(
        PyObject_CallFunctionObjArgs(make_dtype_, spec.get(), nullptr));
    // A name twice, and whatever else numpy doesn't like.
    if (!dtype && (PyErr_ExceptionMatches(PyExc_ValueError) ||
                   PyErr_ExceptionMatches(PyExc_TypeError))) {
      PyErr_Clear();
      return Fail();
    }
    return dtype ? std::move(dtype) : Python();
  }

 private:
  enum Part { kNames, kFormats, kOffsets, kTitles, kParts };
  using Lists = std::array<PyRef, kParts>;

  bool AddField(PyObject* field, int depth, Lists& lists, uint64_t& end) {
    if (!PyList_CheckExact(field)) return Refuse();
    const Py_ssize_t parts = PyList_GET_SIZE(field);
    if (parts != 2 && parts != 3) return Refuse();
    PyObject* name = PyList_GET_ITEM(field, 0);
    PyObject* title = Py_None;
    if (PyList_CheckExact(name)) {
      if (PyList_GET_SIZE(name) != 2) return Refuse();
      title = PyList_GET_ITEM(name, 0);
      name = PyList_GET_ITEM(name, 1);
      if (!PyUnicode_CheckExact(title)) return Refuse();
    }
    if (!PyUnicode_CheckExact(name)) return Refuse();
    uint64_t bytes = 0;
    PyRef format = Element(PyList_GET_ITEM(field, 1), depth, bytes);
    if (!format) return false;
    if (parts == 3) {
      format = Subarray(std::move(format), PyList_GET_ITEM(field, 2), bytes);
      if (!format) return false;
    }
    const uint64_t offset = end;
    if (__builtin_add_overflow(end, bytes, &end) || end > kMaxItemBytes) {
      return Refuse();
    }
    if (PyUnicode_GET_LENGTH(name) == 0) return true;
    const PyRef number = PyRef::Steal(PyLong_FromUnsignedLongLong(offset));
    if (!number || PyList_Append(lists[kNames].get(), name) != 0 ||
        PyList_Append(lists[kFormats].get(), format.get()) != 0 ||
        PyList_Append(lists[kOffsets].get(), number.get()) != 0 ||
        PyList_Append(lists[kTitles].get(), title) != 0) {
      return error_.Python();
    }
    return true;
  }

  PyRef Element(PyObject* type, int depth, uint64_t& bytes) {
    if (!PyUnicode_CheckExact(type)) return Build(type, depth + 1, bytes);
    const char* const text = PyUnicode_AsUTF8(type);
    if (text == nullptr) {
      PyErr_Clear();
      return Fail();
    }
    std::string why;
    const std::optional<ElementType> element = ParseTypestr(text, why);
    if (!element) {
      error_.Malformed(Concat({"a field of a structured dtype: ", why}));
      return {};
    }
    bytes = element->item_bytes;
    return PyRef::Borrow(type);
  }

  // (format, shape), and the bytes of all its elements.
  PyRef Subarray(PyRef format, PyObject* shape, uint64_t& bytes) {
    if (!PyList_CheckExact(shape) || PyList_GET_SIZE(shape) > kMaxDimensions) {
      return Fail();
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(shape); ++i) {
      PyObject* const extent = PyList_GET_ITEM(shape, i);
      const Py_ssize_t count =
          PyLong_CheckExact(extent) ? PyLong_AsSsize_t(extent) : -1;
      if (count < 0) PyErr_Clear();
      if (count < 0 ||
          __builtin_mul_overflow(bytes, static_cast<uint64_t>(count), &bytes)) {
        return Fail();
      }
    }
    const PyRef extents = PyRef::Steal(PyList_AsTuple(shape));
    if (!extents) return Python();
    PyRef pair = PyRef::Steal(PyTuple_Pack(2, format.get(), extents.get()));
    return pair ? std::move(pair) : Python();
  }

  bool Refuse() { return error_.Malformed("not the descr of a dtype"); }
  PyRef Fail() {
    Refuse();
    return {};
  }
  PyRef Python() {
    error_.Python();
    return {};
  }

  PyObject* const make_dtype_;
  CodecError& error_;
  int fields_ = 0;
};

}  // namespace

PyRef BuildDtype(PyObject* make_dtype, std::string_view descr,
                 std::size_t item_bytes, CodecError& error) {
  const PyRef text = PyRef::Steal(PyUnicode_DecodeUTF8(
      descr.data(), static_cast<Py_ssize_t>(descr.size()), "replace"));
  const PyRef args = text ? PyRef::Steal(PyTuple_Pack(1, text.get())) : PyRef();
  const PyRef fields = PyRef::Steal(
      CallStandard("json", "loads", args, "a descr that is not JSON", error));
  if (!fields) return {};
  uint64_t bytes = 0;
  PyRef dtype = DtypeBuilder(make_dtype, error).Build(fields.get(), 0, bytes);
  if (dtype && bytes != item_bytes) {
    error.Malformed(Concat({"the descr of items of ", std::to_string(bytes),
                            " bytes, where the typestr says ",
                            std::to_string(item_bytes)}));
    return {};
  }
  return dtype;
}

}  // namespace envknit
