#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/description_reader.h"
#include "python_client/native/session.h"

namespace py = pybind11;

// What a Session makes of replies.
namespace envknit::native {
namespace {

// Field number of ReplyInfo.
constexpr uint32_t kInfoEpoch = 2;
// Codes of google.rpc.
constexpr int kInternal = 13;

std::string_view View(protozero::data_view view) {
  return {view.data(), view.size()};
}

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
  if (epoch == 0 || epoch == epoch_) return;
  epoch_ = epoch;
  // A new worker's type ids are its own, so this comes before a reply's types.
  classes_.clear();
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
      } else if (reader.tag() == 4) {
        AddType(View(reader.get_view()));
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
  py::object type = ClassOf(fields.type_id);
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

void Session::AddType(std::string_view info) {
  const py::dict fields = ReadTypeInfo(info);
  classes_[fields["type_id"].cast<uint32_t>()] = hooks_->make_class(fields);
}

py::object Session::ClassOf(uint32_t type_id) {
  auto found = classes_.find(type_id);
  if (found == classes_.end()) {
    // It stood in a reply that came after its caller gave up.
    for (const std::string& info : connection_->TakeLateTypes(number_))
      AddType(info);
    found = classes_.find(type_id);
  }
  if (found == classes_.end()) {
    // Or in one that the server dropped: then nothing is known of it.
    py::dict unknown;
    unknown["type_id"] = type_id;
    found = classes_.emplace(type_id, hooks_->make_class(unknown)).first;
  }
  return found->second;
}

void Session::ThrowMalformed() const {
  ThrowError(*hooks_, kInternal, "INTERNAL",
             "the server's reply can't be read");
}

}  // namespace envknit::native
