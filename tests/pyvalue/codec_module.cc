#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "server/pyvalue/call_arguments.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/json_value.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_decoder.h"
#include "server/pyvalue/value_encoder.h"

// The codec for the tests in Python: encode and decode with hooks written in
// Python, and errors as ("kind", "path", "message").
namespace envknit {
namespace {

namespace py = pybind11;

const char* KindName(CodecError::Kind kind) {
  switch (kind) {
    case CodecError::Kind::kNone:
      return "none";
    case CodecError::Kind::kPython:
      return "python";
    case CodecError::Kind::kMalformed:
      return "malformed";
    case CodecError::Kind::kNotByValue:
      return "not_by_value";
    case CodecError::Kind::kOverLimit:
      return "over_limit";
    case CodecError::Kind::kHandle:
      return "handle";
  }
  return "?";
}

[[noreturn]] void Throw(const CodecError& error) {
  if (error.kind == CodecError::Kind::kPython) throw py::error_already_set();
  const py::object type =
      py::module_::import("codec_errors").attr("CodecError");
  PyErr_SetObject(type.ptr(), py::make_tuple(KindName(error.kind), error.path,
                                             error.message, error.limit)
                                  .ptr());
  throw py::error_already_set();
}

// A Python callable: object -> None or (id, epoch, length, typestr, shape).
class CallableHandleEncoder final : public HandleEncoder {
 public:
  explicit CallableHandleEncoder(py::object callable)
      : callable_(std::move(callable)) {}

  Answer Encode(PyObject* object, HandleFields& handle,
                CodecError& error) override {
    if (callable_.is_none()) return Answer::kNotAHandle;
    try {
      const py::object found = callable_(py::handle(object));
      if (found.is_none()) return Answer::kNotAHandle;
      const auto fields =
          found.cast<std::tuple<uint64_t, uint64_t, std::optional<uint64_t>,
                                std::string, std::vector<uint64_t>>>();
      handle.id = std::get<0>(fields);
      handle.epoch = std::get<1>(fields);
      handle.length = std::get<2>(fields);
      handle.type_id = 7;
      handle.object_id = handle.id + 1000;
      if (!std::get<3>(fields).empty()) {
        handle.tensor =
            TensorMetaFields{std::get<3>(fields), std::get<4>(fields)};
      }
      return Answer::kHandle;
    } catch (py::error_already_set& raised) {
      raised.restore();
      error.Python();
      return Answer::kFailed;
    }
  }

 private:
  const py::object callable_;
};

// A Python callable: (id, epoch) -> object; None means expired.
class CallableHandleDecoder final : public HandleDecoder {
 public:
  explicit CallableHandleDecoder(py::object callable)
      : callable_(std::move(callable)) {}

  PyObject* Decode(const HandleFields& handle, CodecError& error) override {
    py::object found = py::none();
    if (!callable_.is_none()) found = callable_(handle.id, handle.epoch);
    if (!found.is_none()) return found.release().ptr();
    error.kind = CodecError::Kind::kHandle;
    error.message = "expired";
    return nullptr;
  }

 private:
  const py::object callable_;
};

ValueLimits Limits(uint32_t depth, uint32_t elements, std::size_t auto_bytes,
                   std::size_t message_bytes) {
  return {depth, elements, auto_bytes, message_bytes};
}

py::bytes Encode(const ValueLimits& limits, py::object object,
                 const std::string& mode, py::object handles) {
  CallableHandleEncoder hook(std::move(handles));
  ValueEncoder encoder(limits, &hook);
  ByteWriter out;
  CodecError error;
  encoder.BeginMessage();
  bool ok = false;
  if (mode == "auto") ok = encoder.EncodeAuto(out, 1, object.ptr(), error);
  if (mode == "value") ok = encoder.EncodeByValue(out, 1, object.ptr(), error);
  if (mode == "handle") ok = encoder.EncodeHandle(out, 1, object.ptr(), error);
  if (mode == "tensor") ok = encoder.EncodeTensor(out, 1, object.ptr(), error);
  if (mode == "argument") {
    ok = encoder.EncodeArgument(out, 1, object.ptr(), error);
  }
  if (mode == "json") {
    ok = EncodeJson(out, 1, object.ptr(), limits, error);
  }
  if (!ok) {
    if (out.size() != 0) throw std::runtime_error("a failure left bytes");
    Throw(error);
  }
  return {out.view().data(), out.size()};
}

py::bytes EncodeArguments(const ValueLimits& limits, py::tuple args,
                          py::dict kwargs, py::object handles) {
  CallableHandleEncoder hook(std::move(handles));
  ValueEncoder encoder(limits, &hook);
  ByteWriter out;
  CodecError error;
  if (!EncodeCallArguments(encoder, out, args.ptr(), kwargs.ptr(), error)) {
    Throw(error);
  }
  return {out.view().data(), out.size()};
}

py::object Decode(const ValueLimits& limits, std::string_view bytes,
                  py::object handles, bool numpy, bool callables) {
  CallableHandleDecoder hook(std::move(handles));
  MemoryviewTensorDecoder plain;
  NumpyTensorDecoder arrays;
  ValueDecoder decoder(
      limits, &hook, numpy ? static_cast<TensorDecoder*>(&arrays) : &plain,
      callables ? CallableReferences::kResolved : CallableReferences::kRefused);
  CodecError error;
  PyObject* const object = decoder.Decode(bytes, error);
  if (object == nullptr) Throw(error);
  return py::reinterpret_steal<py::object>(object);
}

py::object DecodeJson(const ValueLimits& limits, std::string_view bytes,
                      bool list) {
  CodecError error;
  PyObject* const object = list ? DecodeJsonList(bytes, limits, error)
                                : DecodeJsonStruct(bytes, limits, error);
  if (object == nullptr) Throw(error);
  return py::reinterpret_steal<py::object>(object);
}

// Both directions many times, without the cost of the binding: nanoseconds of
// one encoding and one decoding.
std::pair<double, double> Measure(py::object object, int rounds) {
  CallableHandleEncoder encode_hook{py::none()};
  CallableHandleDecoder decode_hook{py::none()};
  MemoryviewTensorDecoder tensors;
  ValueEncoder encoder({}, &encode_hook);
  ValueDecoder decoder({}, &decode_hook, &tensors);
  ByteWriter out;
  CodecError error;
  const py::object clock = py::module_::import("time").attr("perf_counter_ns");
  const auto start = clock().cast<int64_t>();
  for (int i = 0; i < rounds; ++i) {
    out.Clear();
    encoder.BeginMessage();
    if (!encoder.EncodeArgument(out, 1, object.ptr(), error)) Throw(error);
  }
  const auto middle = clock().cast<int64_t>();
  std::string_view message = out.view().substr(1);
  while ((message[0] & 0x80) != 0) message.remove_prefix(1);
  message.remove_prefix(1);
  for (int i = 0; i < rounds; ++i) {
    decoder.BeginMessage();
    PyObject* const copy = decoder.Decode(message, error);
    if (copy == nullptr) Throw(error);
    Py_DECREF(copy);
  }
  const auto end = clock().cast<int64_t>();
  return {static_cast<double>(middle - start) / rounds,
          static_cast<double>(end - middle) / rounds};
}

PYBIND11_MODULE(_pyvalue_test, module) {
  py::class_<ValueLimits>(module, "Limits")
      .def(py::init(&Limits), py::arg("depth") = 40,
           py::arg("elements") = 1'000'000,
           py::arg("auto_bytes") = std::size_t{15} << 20,
           py::arg("message_bytes") = std::size_t{16} << 20);
  module.def("encode", &Encode);
  module.def("encode_arguments", &EncodeArguments);
  module.def("decode", &Decode, py::arg("limits"), py::arg("bytes"),
             py::arg("handles"), py::arg("numpy"),
             py::arg("callables") = false);
  module.def("decode_json", &DecodeJson);
  module.def("measure", &Measure);
}

}  // namespace
}  // namespace envknit
