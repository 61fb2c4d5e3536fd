#include "server/pyvalue/call_arguments.h"

#include <string>

#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace field = schema::call_request;

bool EncodePositional(ValueEncoder& encoder, ByteWriter& out, PyObject* args,
                      CodecError& error) {
  const Py_ssize_t count = PyTuple_GET_SIZE(args);
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!encoder.EncodeArgument(out, field::kArgs, PyTuple_GET_ITEM(args, i),
                                error)) {
      error.PrependRoot("args[" + std::to_string(i) + "]");
      return false;
    }
  }
  return true;
}

bool EncodeKeywords(ValueEncoder& encoder, ByteWriter& out, PyObject* kwargs,
                    CodecError& error) {
  Py_ssize_t position = 0;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(kwargs, &position, &name, &value) != 0) {
    if (!PyUnicode_Check(name)) {
      return error.NotByValue(name, "keywords must be strings");
    }
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(name, &size);
    if (text == nullptr) return error.Python();
    const std::size_t mark = out.Open(field::kKwargs);
    out.BytesField(schema::keyword::kName,
                   {text, static_cast<std::size_t>(size)});
    if (!encoder.EncodeArgument(out, schema::keyword::kValue, value, error)) {
      error.PrependKey(name);
      error.PrependRoot("kwargs");
      return false;
    }
    out.Close(mark);
  }
  return true;
}

}  // namespace

bool EncodeCallArguments(ValueEncoder& encoder, ByteWriter& out, PyObject* args,
                         PyObject* kwargs, CodecError& error) {
  const std::size_t start = out.size();
  encoder.BeginMessage();
  if (EncodePositional(encoder, out, args, error) &&
      (kwargs == nullptr || EncodeKeywords(encoder, out, kwargs, error))) {
    return true;
  }
  out.Truncate(start);
  return false;
}

}  // namespace envknit
