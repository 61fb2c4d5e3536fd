#include "server/runtime/exception_capture.h"

#include <string_view>
#include <utility>

#include "server/pyvalue/hooks.h"
#include "server/pyvalue/value_encoder.h"
#include "server/pyvalue/value_schema.h"
#include "server/runtime/python_source.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

namespace field = schema::exception;

constexpr int kMaxDepth = 16;
// Of a chain, or the leaves of groups, together.
constexpr int kMaxExceptions = 256;
constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::size_t kMaxSourceBytes = 1024;
constexpr std::size_t kMaxArgBytes = std::size_t{64} << 10;
constexpr Py_ssize_t kMaxArgs = 32;
constexpr Py_ssize_t kMaxNotes = 64;

PyBaseExceptionObject* Base(PyObject* exception) {
  return reinterpret_cast<PyBaseExceptionObject*>(exception);
}

// Arguments are plain data or a name, never handles.
class NoHandles final : public HandleEncoder {
 public:
  Answer Encode(PyObject*, HandleFields&, CodecError&) override {
    return Answer::kNotAHandle;
  }
};

std::string MessageOf(PyObject* exception) {
  const PyRef text = PyRef::Steal(PyObject_Str(exception));
  if (!text) {
    PyErr_Clear();
    return {};
  }
  return TextOf(text.get(), kMaxMessageBytes);
}

// Members of an exception group (3.11 and later), or empty.
PyRef MembersOf(PyObject* exception) {
#if PY_VERSION_HEX >= 0x030B0000
  if (PyObject_TypeCheck(exception, reinterpret_cast<PyTypeObject*>(
                                        PyExc_BaseExceptionGroup))) {
    // The field itself: the attribute may be overridden in a subclass.
    return PyRef::Borrow(
        reinterpret_cast<PyBaseExceptionGroupObject*>(exception)->excs);
  }
#else
  static_cast<void>(exception);
#endif
  return {};
}

}  // namespace

void ExceptionCapture::Write(ByteWriter& out, uint32_t number,
                             PyObject* exception) {
  left_ = kMaxExceptions;
  const std::size_t mark = out.Open(number);
  WriteBody(out, exception, 0);
  WriteTraceback(out, exception);
  out.Close(mark);
}

void ExceptionCapture::WriteBody(ByteWriter& out, PyObject* exception,
                                 int depth) {
  --left_;
  PyTypeObject* const type = Py_TYPE(exception);
  const TypeNames names = NamesOf(type);
  out.TextField(field::kType, names.qualname);
  out.TextField(field::kModule, names.module);
  PyObject* const mro = type->tp_mro;
  for (Py_ssize_t i = 0; mro != nullptr && i < PyTuple_GET_SIZE(mro); ++i) {
    auto* const base =
        reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    out.BytesField(field::kMro, NamesOf(base).Full());
  }
  out.TextField(field::kMessage, MessageOf(exception));
  WriteArgs(out, exception);
  WriteNotes(out, exception);
  WriteFrames(out, exception);
  if (Base(exception)->suppress_context != 0) {
    out.VarintField(field::kSuppressContext, 1);
  }
  if (depth + 1 < kMaxDepth) WriteChain(out, exception, depth + 1);
}

void ExceptionCapture::WriteChain(ByteWriter& out, PyObject* exception,
                                  int depth) {
  const auto write = [&](uint32_t number, PyObject* other) {
    if (left_ <= 0) return;
    const std::size_t mark = out.Open(number);
    WriteBody(out, other, depth);
    out.Close(mark);
  };
  const PyRef cause = PyRef::Steal(PyException_GetCause(exception));
  const PyRef context = PyRef::Steal(PyException_GetContext(exception));
  if (cause) write(field::kCause, cause.get());
  if (context && !cause && Base(exception)->suppress_context == 0) {
    write(field::kContext, context.get());
  }
  const PyRef members = MembersOf(exception);
  if (!members) return;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(members.get()); ++i) {
    write(field::kGroup, PyTuple_GET_ITEM(members.get(), i));
  }
}

void ExceptionCapture::WriteArgs(ByteWriter& out, PyObject* exception) {
  const PyRef args = PyRef::Borrow(Base(exception)->args);
  if (!args || !PyTuple_Check(args.get())) return;
  NoHandles no_handles;
  ValueLimits limits = limits_;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args.get()) && i < kMaxArgs;
       ++i) {
    limits.message_bytes = limits.auto_bytes = out.size() + kMaxArgBytes;
    ValueEncoder encoder(limits, &no_handles);
    PyObject* const arg = PyTuple_GET_ITEM(args.get(), i);
    CodecError error;
    if (encoder.EncodeAuto(out, field::kArgs, arg, error)) continue;
    PyErr_Clear();
    const std::size_t mark = out.Open(field::kArgs);
    out.BytesField(schema::value::kString, NamesOf(Py_TYPE(arg)).Full());
    out.Close(mark);
  }
}

void ExceptionCapture::WriteNotes(ByteWriter& out, PyObject* exception) {
  PyObject* const dict = Base(exception)->dict;
  if (dict == nullptr || !PyDict_Check(dict)) return;
  const PyRef notes = PyRef::Borrow(PyDict_GetItemString(dict, "__notes__"));
  if (!notes || !PyList_CheckExact(notes.get())) return;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(notes.get()) && i < kMaxNotes;
       ++i) {
    PyObject* const note = PyList_GET_ITEM(notes.get(), i);
    if (PyUnicode_Check(note)) {
      out.BytesField(field::kNotes, TextOf(note, kMaxMessageBytes));
    }
  }
}

void ExceptionCapture::WriteFrames(ByteWriter& out, PyObject* exception) {
  namespace frame = schema::stack_frame;
  const PyRef traceback = PyRef::Steal(PyException_GetTraceback(exception));
  if (!traceback || !LoadTracebackText()) return;
  const PyRef frames = PyRef::Steal(
      PyObject_CallOneArg(describe_frames_.get(), traceback.get()));
  if (!frames || !PyList_CheckExact(frames.get())) {
    PyErr_Clear();
    return;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(frames.get()); ++i) {
    PyObject* const entry = PyList_GET_ITEM(frames.get(), i);
    if (!PyTuple_CheckExact(entry) || PyTuple_GET_SIZE(entry) != 4) continue;
    const long line = PyLong_AsLong(PyTuple_GET_ITEM(entry, 1));
    PyErr_Clear();
    const std::size_t mark = out.Open(field::kFrames);
    out.TextField(frame::kFile,
                  TextOf(PyTuple_GET_ITEM(entry, 0), kMaxNameBytes));
    if (line > 0) out.VarintField(frame::kLine, static_cast<uint64_t>(line));
    out.TextField(frame::kFunction,
                  TextOf(PyTuple_GET_ITEM(entry, 2), kMaxNameBytes));
    out.TextField(frame::kSource,
                  TextOf(PyTuple_GET_ITEM(entry, 3), kMaxSourceBytes));
    out.Close(mark);
  }
}

void ExceptionCapture::WriteTraceback(ByteWriter& out, PyObject* exception) {
  if (!LoadTracebackText()) return;
  const PyRef text = PyRef::Steal(
      PyObject_CallFunction(format_.get(), "On", exception,
                            static_cast<Py_ssize_t>(traceback_bytes_)));
  if (!text) {
    PyErr_Clear();
    return;
  }
  out.TextField(field::kTraceback, TextOf(text.get(), traceback_bytes_));
}

bool ExceptionCapture::LoadTracebackText() {
  if (format_) return true;
  const PyRef names = RunPythonSource(runtime_dir_, "traceback_text.py");
  if (!names) {
    PyErr_Clear();
    return false;
  }
  describe_frames_ =
      PyRef::Borrow(PyDict_GetItemString(names.get(), "describe_frames"));
  format_ =
      PyRef::Borrow(PyDict_GetItemString(names.get(), "format_exception"));
  return format_ && describe_frames_;
}

}  // namespace envknit
