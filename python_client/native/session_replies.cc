#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/description_reader.h"
#include "python_client/native/rpc_codes.h"
#include "python_client/native/session.h"
#include "python_client/native/wire_view.h"

namespace py = pybind11;

// What a Session makes of replies.
namespace envknit::native {
namespace {

// Field number of ReplyInfo.
constexpr uint32_t kInfoEpoch = 2;
// This worker's, and those of the one before.
constexpr size_t kEpochsKept = 2;

}  // namespace

void Session::TakeInfo(std::string_view info, const py::object& context) {
  uint64_t epoch = 0;
  try {
    protozero::pbf_reader reader(info.data(), info.size());
    while (reader.next()) {
      if (reader.tag() == kInfoEpoch) {
        epoch = reader.get_uint64();
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
  // Epochs rise; replies are decoded in any order.
  if (epoch <= epoch_) return;
  epoch_ = epoch;
  // Before the first answer there was no worker to be replaced.
  if (answered_) hooks_->worker_replaced(context);
}

py::object Session::TakeOutcome(std::string_view response,
                                const py::object& context) {
  try {
    std::string_view outcome;
    protozero::pbf_reader body(response.data(), response.size());
    while (body.next()) {
      if (body.tag() == 1) {
        outcome = View(body.get_view());
      } else {
        body.skip();
      }
    }
    std::string_view value;
    std::string_view exception;
    protozero::pbf_reader reader(outcome.data(), outcome.size());
    while (reader.next()) {
      if (reader.tag() == 1) {
        value = View(reader.get_view());
      } else if (reader.tag() == 3) {
        exception = View(reader.get_view());
      } else {
        reader.skip();
      }
    }
    std::unique_ptr<ReplyDecoder> decoder;
    if (idle_decoders_.empty()) {
      decoder = std::make_unique<ReplyDecoder>(this);
    } else {
      decoder = std::move(idle_decoders_.back());
      idle_decoders_.pop_back();
    }
    if (exception.data() != nullptr) {
      ThrowException(hooks_->make_exception(
          ReadRemoteException(exception, [&](std::string_view arg) {
            return decoder->Decode(arg, context);
          })));
    }
    py::object result = decoder->Decode(value, context);
    idle_decoders_.push_back(std::move(decoder));
    return result;
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
}

py::object Session::MakeProxy(HandleFields fields, PyObject* items,
                              const py::object& context) {
  py::object type = ClassOf(fields.epoch, fields.type_id);
  if (PyType_IsSubtype(
          Py_TYPE(context.ptr()),
          reinterpret_cast<PyTypeObject*>(hooks_->async_context.ptr())) != 0) {
    type = hooks_->async_class(type);
  }
  auto handle = std::make_shared<Handle>(connection_, weak_from_this(), number_,
                                         std::move(fields));
  if (items == nullptr) return type(std::move(handle), context);
  return type(std::move(handle), context, py::handle(items));
}

py::object Session::ClassOf(uint64_t epoch, uint32_t type_id) {
  if (const auto types = classes_.find(epoch); types != classes_.end()) {
    const auto found = types->second.find(type_id);
    if (found != types->second.end()) return found->second;
  }
  const std::string info = connection_->types().Find(number_, epoch, type_id);
  py::dict fields;
  // Empty if the server dropped the reply that had it.
  fields["type_id"] = type_id;
  try {
    if (!info.empty()) fields = ReadTypeInfo(info);
  } catch (const protozero::exception&) {
    ThrowMalformed();
  }
  // Another thread may make the same one meanwhile; the first one counts.
  const py::object made = hooks_->make_class(fields);
  const py::object kept = classes_[epoch].emplace(type_id, made).first->second;
  while (classes_.size() > kEpochsKept) classes_.erase(classes_.begin());
  return kept;
}

void Session::ThrowMalformed() const {
  ThrowError(*hooks_, kInternal, "INTERNAL",
             "the server's reply can't be read");
}

}  // namespace envknit::native
