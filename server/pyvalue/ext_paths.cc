#include <array>
#include <string>

#include "server/pyvalue/ext_families.h"
#include "server/pyvalue/loaded_module.h"

// The pure paths of pathlib, and PosixPath. A path keeps what it was made of in
// slots that differ by Python: segments since 3.12, its parts before.
namespace envknit {
namespace {

// As Windows' rules are the constructor's business, the segments go as they
// are; without any, the path is ".".
PyRef SegmentFields(PyObject* segments) {
  const Py_ssize_t count = PyList_GET_SIZE(segments);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!PyUnicode_CheckExact(PyList_GET_ITEM(segments, i))) return {};
  }
  if (count == 0) return PyRef::Steal(Py_BuildValue("(s)", "."));
  if (static_cast<std::size_t>(count) > kMaxPathSegments) return {};
  return PyRef::Steal(PyList_AsTuple(segments));
}

PyRef PathFields(PyObject* path) {
  // What str() gave once.
  const PyRef text = ReadSlot(path, "_str");
  if (text && PyUnicode_CheckExact(text.get())) {
    return PyRef::Steal(PyTuple_Pack(1, text.get()));
  }
  for (const char* const slot : {"_raw_paths", "_parts"}) {
    const PyRef segments = ReadSlot(path, slot);
    if (segments && PyList_CheckExact(segments.get())) {
      return SegmentFields(segments.get());
    }
  }
  return {};
}

PyObject* Build(const char* name, PyObject* const* fields, std::size_t count,
                CodecError& error) {
  const PyRef args = PyRef::Steal(PyTuple_New(static_cast<Py_ssize_t>(count)));
  for (std::size_t i = 0; i < count && args; ++i) {
    if (!PyUnicode_CheckExact(fields[i])) {
      error.Malformed("a path of something else than strs");
      return nullptr;
    }
    Py_INCREF(fields[i]);
    PyTuple_SET_ITEM(args.get(), static_cast<Py_ssize_t>(i), fields[i]);
  }
  return CallStandard("pathlib", name, args, "not a path", error);
}

}  // namespace

ExtParts TakePath(PyObject* object) {
  struct PathType {
    const char* name;
    std::string_view registered;
  };
  constexpr std::array<PathType, 3> kPaths = {{
      {"PurePosixPath", "pathlib.PurePosixPath"},
      {"PosixPath", "pathlib.PosixPath"},
      {"PureWindowsPath", "pathlib.PureWindowsPath"},
  }};
  for (const PathType& path : kPaths) {
    if (!IsTypeOfModule(Py_TYPE(object), "pathlib", path.name)) continue;
    PyRef fields = PathFields(object);
    if (!fields && PyErr_Occurred() == nullptr) return {};
    return {path.registered, std::move(fields)};
  }
  return {};
}

PyObject* BuildPurePosixPath(PyObject* const* fields, std::size_t count,
                             CodecError& error) {
  return Build("PurePosixPath", fields, count, error);
}

PyObject* BuildPureWindowsPath(PyObject* const* fields, std::size_t count,
                               CodecError& error) {
  return Build("PureWindowsPath", fields, count, error);
}

PyObject* BuildPosixPath(PyObject* const* fields, std::size_t count,
                         CodecError& error) {
  return Build("PosixPath", fields, count, error);
}

}  // namespace envknit
