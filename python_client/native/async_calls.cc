#include "python_client/native/async_calls.h"

#include <exception>
#include <utility>
#include <vector>

#include "python_client/native/argument_proxies.h"
#include "python_client/native/call_patience.h"

namespace py = pybind11;

namespace envknit::native {

AsyncCalls::~AsyncCalls() { Close(); }

bool AsyncCalls::Call(const std::shared_ptr<Session>& session,
                      const std::shared_ptr<Target>& target, py::tuple args,
                      py::object kwargs, double timeout_seconds,
                      double slack_seconds, const py::object& context,
                      const py::object& future) {
  std::string body;
  try {
    // Copies are calls, for which a loop must not wait.
    const PutArgument no_copies;
    ArgumentProxies proxies(*session, *session->hooks_, no_copies);
    body = session->EncodeCall(*target, &args, &kwargs, &proxies);
  } catch (const ArgumentsTooLarge&) {
    PyErr_Clear();
    return false;
  }
  auto call = std::make_shared<AsyncCall>();
  call->target = target;
  call->args = args;
  call->kwargs = kwargs;
  Add(session, AttachMethod::kCall, std::move(body), timeout_seconds,
      slack_seconds, context, future, std::move(call));
  return true;
}

void AsyncCalls::GetAttr(const std::shared_ptr<Session>& session,
                         const std::shared_ptr<Target>& target, bool as_handle,
                         double timeout_seconds, double slack_seconds,
                         const py::object& context, const py::object& future) {
  auto call = std::make_shared<AsyncCall>();
  call->target = target;
  Add(session, AttachMethod::kGetAttr,
      session->EncodeGetAttr(*target, as_handle), timeout_seconds,
      slack_seconds, context, future, std::move(call));
}

void AsyncCalls::Import(const std::shared_ptr<Session>& session,
                        const std::string& module, double timeout_seconds,
                        double slack_seconds, const py::object& context,
                        const py::object& future) {
  Add(session, AttachMethod::kImport, Session::EncodeImport(module),
      timeout_seconds, slack_seconds, context, future,
      std::make_shared<AsyncCall>());
}

void AsyncCalls::Add(const std::shared_ptr<Session>& session,
                     AttachMethod method, std::string body,
                     double timeout_seconds, double slack_seconds,
                     const py::object& context, const py::object& future,
                     std::shared_ptr<AsyncCall> call) {
  call->frame =
      session->MakeCheckedFrame(method, std::move(body), timeout_seconds);
  call->bytes = call->frame.body.size();
  call->sink = &inbox_;
  call->owner = this;
  call->session_number = session->number_;
  call->method = method;
  call->session = session;
  call->timeout_seconds = timeout_seconds;
  call->slack = ToDuration(slack_seconds);
  call->context = context;
  call->future = future;
  AsyncWindow& window = session->async_window_;
  if (window.queued.empty() && window.HasRoom()) {
    Transmit(call.get());
    if (call->refused) {
      window.Leave(call->bytes);
      session->ThrowNotSent();
    }
  } else {
    window.queued.push_back(call);
  }
  calls_.emplace(future.ptr(), std::move(call));
}

void AsyncCalls::Transmit(AsyncCall* call) {
  Session& session = *call->session;
  session.async_window_.Enter(call->bytes);
  call->sent = true;
  call->until = std::chrono::steady_clock::now() +
                ToDuration(call->timeout_seconds) + kCourtesy;
  call->end_of_patience = call->until + call->slack;
  session.connection_->stream().Send(std::move(call->frame), call);
}

void AsyncCalls::Advance(Session* session) {
  AsyncWindow& window = session->async_window_;
  while (!window.queued.empty() && window.HasRoom()) {
    const std::shared_ptr<AsyncCall> call = std::move(window.queued.front());
    window.queued.pop_front();
    if (call->cancelled) continue;
    Transmit(call.get());
    // Its own loop finds out like of any other end.
    if (call->refused) call->sink->Ended(call.get());
  }
}

void AsyncCalls::Cancel(const py::object& future) {
  const auto found = calls_.find(future.ptr());
  if (found == calls_.end()) return;
  const std::shared_ptr<AsyncCall> call = std::move(found->second);
  calls_.erase(found);
  Withdraw(call, /*tell_server=*/true);
  // Not what waits behind it, yet: that may be cancelled in the same breath.
  inbox_.Poke();
}

void AsyncCalls::Withdraw(const std::shared_ptr<AsyncCall>& call,
                          bool tell_server) {
  call->cancelled = true;
  // Queued calls would keep their session, and it them.
  const std::shared_ptr<Session> session = std::move(call->session);
  if (!call->sent || session->connection_->inherited()) return;
  session->async_window_.Leave(call->bytes);
  relieved_.insert(session);
  if (call->refused) {
    dropped_.emplace(call.get(), call);
    return;
  }
  AttachStream& stream = session->connection_->stream();
  stream.Abandon(call.get());
  if (call->done || stream.broken()) {
    dropped_.emplace(call.get(), call);
  } else if (tell_server) {
    AttachFrame cancel;
    cancel.kind = FrameKind::kCancel;
    cancel.numbered = false;
    cancel.target_call_id = call->call_id;
    stream.Send(std::move(cancel), nullptr);
  }
}

void AsyncCalls::AdvanceRelieved() {
  if (inbox_.inherited()) return;
  for (const auto& session : std::exchange(relieved_, {}))
    Advance(session.get());
}

void AsyncCalls::Drain() {
  std::exception_ptr failure;
  for (PendingCall* pending : inbox_.TakeAll()) {
    if (dropped_.erase(pending) != 0) continue;
    auto* ended = static_cast<AsyncCall*>(pending);
    if (!ended->future) {
      TakeProbe(ended);
      continue;
    }
    const auto found = calls_.find(ended->future.ptr());
    if (found == calls_.end()) continue;
    const std::shared_ptr<AsyncCall> call = std::move(found->second);
    calls_.erase(found);
    call->session->async_window_.Leave(call->bytes);
    Advance(call->session.get());
    try {
      Finish(call.get(), /*expired=*/false);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  AdvanceRelieved();
  if (failure != nullptr) std::rethrow_exception(failure);
}

void AsyncCalls::Finish(AsyncCall* call, bool expired) {
  py::object result;
  py::object error;
  try {
    result = Result(call, expired);
  } catch (const py::error_already_set& raised) {
    error = raised.value();
  } catch (const std::exception& raised) {
    error =
        py::reinterpret_borrow<py::object>(PyExc_RuntimeError)(raised.what());
  }
  if (error) {
    if (!call->future.attr("done")().cast<bool>())
      failed_(call->future, error, call->session);
    return;
  }
  PyObject* set = PyObject_CallMethodOneArg(call->future.ptr(),
                                            set_result_.ptr(), result.ptr());
  if (set != nullptr) {
    Py_DECREF(set);
    return;
  }
  py::error_already_set refused;
  // Somebody else gave it a result.
  if (!call->future.attr("done")().cast<bool>()) throw refused;
}

py::object AsyncCalls::Result(AsyncCall* call, bool expired) {
  Session& session = *call->session;
  if (expired)
    session.ThrowEnd(WaitEnd::kExpired, call->call_id, call->timeout_seconds);
  if (call->refused) session.ThrowNotSent();
  if (!call->done) session.ThrowEnd(WaitEnd::kBroken, 0, 0);
  const Session::Answer answer =
      session.TakeReply(call->method, std::move(call->reply), call->context);
  if (call->method == AttachMethod::kImport)
    return session.TakeImport(answer, call->context);
  return session.TakeOutcome(answer.reply.payload, call->context);
}

void AsyncCalls::Check() {
  if (inbox_.inherited()) return;
  const SteadyTime now = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<AsyncCall>> expired;
  for (const auto& [future, call] : calls_) {
    if (!call->sent || now < call->until) continue;
    Connection& connection = *call->session->connection_;
    Probe& probe = probes_[&connection];
    if (now >= call->end_of_patience ||
        (probe.call != nullptr && now - probe.sent >= kSilence)) {
      expired.push_back(call);
    } else if (probe.call == nullptr) {
      probe.call = std::make_shared<AsyncCall>();
      probe.call->sink = &inbox_;
      probe.call->session = call->session;
      probe.sent = now;
      AttachFrame frame;
      frame.method = AttachMethod::kGetAttr;
      frame.session_number = kNoSession;
      connection.stream().Send(std::move(frame), probe.call.get());
    }
  }
  for (const auto& call : expired) {
    if (calls_.erase(call->future.ptr()) == 0) continue;
    const std::shared_ptr<Session> session = call->session;
    Withdraw(call, /*tell_server=*/false);
    call->session = session;
    // Tells the server, too.
    Finish(call.get(), /*expired=*/true);
  }
  AdvanceRelieved();
}

void AsyncCalls::TakeProbe(AsyncCall* probe) {
  const std::shared_ptr<Connection> connection = probe->session->connection_;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& [future, call] : calls_) {
    if (call->session->connection_ == connection && call->until < now)
      call->until = now + kSilence;
  }
  probes_.erase(connection.get());
}

void AsyncCalls::Close() {
  while (!calls_.empty()) {
    const std::shared_ptr<AsyncCall> call = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    Withdraw(call, /*tell_server=*/true);
  }
  // Those of other loops.
  AdvanceRelieved();
  for (auto& [connection, probe] : probes_) {
    if (probe.call == nullptr || connection->inherited()) continue;
    connection->stream().Abandon(probe.call.get());
    dropped_.emplace(probe.call.get(), probe.call);
  }
  probes_.clear();
}

}  // namespace envknit::native
