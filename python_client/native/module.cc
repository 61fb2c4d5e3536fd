// The extension module envknit._core.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "python_client/native/async_module.h"
#include "python_client/native/buffer_owner.h"
#include "python_client/native/connection.h"
#include "python_client/native/dial.h"
#include "python_client/native/gil.h"
#include "python_client/native/grpc_setup.h"
#include "python_client/native/handle.h"
#include "python_client/native/python_hooks.h"
#include "python_client/native/rpc_codes.h"
#include "python_client/native/session.h"
#include "python_client/native/status_reader.h"
#include "python_client/native/target.h"
#include "python_client/native/unary_call.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

constexpr auto kDialPatience = std::chrono::seconds(10);

// A Connection with the hooks that its sessions get.
class Client final {
 public:
  Client(const std::string& address, const py::object& hooks)
      : hooks_(std::make_shared<const PythonHooks>(PythonHooks{
            hooks.attr("remote_object"), hooks.attr("named_proxy"),
            hooks.attr("resolve"), hooks.attr("make_class"),
            hooks.attr("make_exception"), hooks.attr("make_error"),
            hooks.attr("worker_replaced"), hooks.attr("async_context"),
            hooks.attr("async_class"), hooks.attr("copy_of_foreign"),
            Interned("_envknit_handle")})) {
    EnsureGrpcIsSetUp();
    Dialed dialed;
    {
      GilReleased no_gil;
      dialed = Dial(address, kDialPatience, SignalRaised);
      if (dialed.fd >= 0) {
        connection_ = std::make_shared<Connection>(address, dialed);
      }
    }
    if (dialed.interrupted) throw py::error_already_set();
    if (connection_ == nullptr) {
      py::set_error(PyExc_ConnectionError, dialed.error.c_str());
      throw py::error_already_set();
    }
  }

  std::shared_ptr<Session> OpenSession(const py::bytes& request) {
    auto session = std::make_shared<Session>(connection_, hooks_);
    session->Open(request);
    return session;
  }

  // Needs no session, so errors are thrown as they come.
  py::bytes Unary(const std::string& method, const py::bytes& request,
                  double timeout_seconds) {
    if (connection_->inherited()) {
      ThrowError(*hooks_, kUnavailable, "NOT_SENT",
                 "the connection to the server at " + connection_->address() +
                     " belongs to the parent process");
    }
    const auto timeout = std::chrono::nanoseconds(
        static_cast<int64_t>(std::clamp(timeout_seconds, 0.0, 1e8) * 1e9));
    const std::string body = request;
    UnaryReply reply;
    {
      py::gil_scoped_release no_gil;
      reply = connection_->stream().CallUnary(
          method, body, std::chrono::steady_clock::now() + timeout,
          SignalRaised);
    }
    if (reply.interrupted) throw py::error_already_set();
    if (reply.code == 0) return py::bytes(reply.response);
    const InfrastructureError error = ReadStatus(reply.details);
    py::dict metadata;
    for (const auto& [key, value] : error.metadata) {
      metadata[py::str(key)] = value;
    }
    ThrowError(*hooks_, reply.code, error.reason.c_str(),
               "the server at " + connection_->address() +
                   " did not answer: " + reply.message,
               metadata);
  }

  void Finish(double patience_seconds) {
    if (connection_->inherited()) return;
    GilReleased no_gil;
    connection_->stream().Finish(std::chrono::milliseconds(
        static_cast<int64_t>(patience_seconds * 1e3)));
  }

  void PauseBeforeFork() {
    if (!connection_->inherited()) connection_->stream().Pause();
  }
  void ResumeInParent() {
    if (!connection_->inherited()) connection_->stream().Resume();
  }

  void Forget() { connection_->CloseInheritedSocket(); }

  bool ended() const {
    return connection_->inherited() || connection_->stream().broken();
  }

 private:
  static py::str Interned(const char* name) {
    return py::reinterpret_steal<py::str>(PyUnicode_InternFromString(name));
  }

  const std::shared_ptr<const PythonHooks> hooks_;
  std::shared_ptr<Connection> connection_;
};

py::object Shape(const Handle& handle) {
  const auto& tensor = handle.fields().tensor;
  if (!tensor.has_value()) return py::none();
  py::tuple shape(tensor->shape.size());
  for (size_t i = 0; i < tensor->shape.size(); ++i) shape[i] = tensor->shape[i];
  return shape;
}

py::object Typestr(const Handle& handle) {
  const auto& tensor = handle.fields().tensor;
  return tensor.has_value() ? py::object(py::str(tensor->typestr)) : py::none();
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  py::class_<Handle, std::shared_ptr<Handle>>(module, "Handle")
      .def_property_readonly(
          "id", [](const Handle& self) { return self.fields().id; })
      .def_property_readonly(
          "epoch", [](const Handle& self) { return self.fields().epoch; })
      .def_property_readonly(
          "object_id",
          [](const Handle& self) { return self.fields().object_id; })
      .def_property_readonly(
          "length", [](const Handle& self) { return self.fields().length; })
      .def_property_readonly("shape", &Shape)
      .def_property_readonly("typestr", &Typestr)
      .def("is_of", [](const Handle& self, const Session& session) {
        return self.IsOf(session);
      });

  py::class_<Target, std::shared_ptr<Target>>(module, "Target")
      .def_static("of_module", &Target::OfModule, py::arg("module"),
                  py::arg("path"))
      .def_static("of_handle", &Target::OfHandle, py::arg("handle"),
                  py::arg("name"))
      .def("child", &Target::Child, py::arg("name"))
      .def_property_readonly("encoded", [](const Target& self) {
        return py::bytes(self.bytes());
      });

  py::class_<Session, std::shared_ptr<Session>>(module, "Session")
      .def("import_module", &Session::Import, py::arg("module"),
           py::arg("timeout"), py::arg("slack"), py::arg("context"))
      .def("get_attr", &Session::GetAttr, py::arg("target"),
           py::arg("as_handle"), py::arg("timeout"), py::arg("slack"),
           py::arg("context"))
      .def("call", &Session::Call, py::arg("target"), py::arg("args"),
           py::arg("kwargs"), py::arg("timeout"), py::arg("slack"),
           py::arg("context"))
      .def("next", &Session::Next, py::arg("target"), py::arg("begin"),
           py::arg("max_items"), py::arg("max_time"), py::arg("timeout"),
           py::arg("slack"), py::arg("context"))
      .def("describe", &Session::Describe, py::arg("target"), py::arg("repr"),
           py::arg("timeout"), py::arg("slack"), py::arg("context"))
      .def("execute", &Session::Execute, py::arg("code"),
           py::arg("with_result"), py::arg("timeout"), py::arg("slack"),
           py::arg("context"))
      .def("try_import", &Session::TryImport, py::arg("module"),
           py::arg("timeout"), py::arg("slack"), py::arg("context"))
      .def("set_attr", &Session::SetAttr, py::arg("target"), py::arg("name"),
           py::arg("value"), py::arg("timeout"), py::arg("slack"),
           py::arg("context"))
      .def("del_attr", &Session::DelAttr, py::arg("target"), py::arg("name"),
           py::arg("timeout"), py::arg("slack"), py::arg("context"))
      .def("fetch", &Session::Fetch, py::arg("target"), py::arg("timeout"),
           py::arg("slack"), py::arg("context"))
      .def("put", &Session::Put, py::arg("value"), py::arg("timeout"),
           py::arg("slack"), py::arg("context"))
      .def("close", &Session::Close)
      .def_property_readonly("answered", &Session::answered)
      .def_property_readonly("used", &Session::used)
      .def_property_readonly("ended", &Session::ended)
      .def_property_readonly("epoch", &Session::epoch);

  module.def("expect_fork", &ExpectFork, py::arg("expected"));
  module.attr("BufferOwner") = MakeBufferOwner();

  py::class_<Client>(module, "Client")
      .def(py::init<const std::string&, const py::object&>(),
           py::arg("address"), py::arg("hooks"))
      .def("open_session", &Client::OpenSession, py::arg("request"))
      .def("unary", &Client::Unary, py::arg("method"), py::arg("request"),
           py::arg("timeout"))
      .def("finish", &Client::Finish, py::arg("patience"))
      .def("pause_before_fork", &Client::PauseBeforeFork)
      .def("resume_in_parent", &Client::ResumeInParent)
      .def("forget", &Client::Forget)
      .def_property_readonly("ended", &Client::ended);

  AddAsyncCalls(module);
}

}  // namespace envknit::native
