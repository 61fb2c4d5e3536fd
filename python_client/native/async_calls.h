// Calls of an event loop, whose futures they fill.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_CALLS_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_CALLS_H_

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "python_client/native/reply_inbox.h"
#include "python_client/native/session.h"

namespace envknit::native {

class AsyncCalls;

// A call from the request until its future is done. Needs the GIL to be
// destroyed.
struct AsyncCall final : PendingCall {
  AttachMethod method = AttachMethod::kCall;
  AttachFrame frame;
  std::shared_ptr<Session> session;
  AsyncCalls* owner = nullptr;
  bool sent = false;
  // Its future is done; what comes of it is dropped.
  bool cancelled = false;
  size_t bytes = 0;
  double timeout_seconds = 0;
  std::chrono::nanoseconds slack{0};
  // When the server's silence begins to matter, and when it is final.
  SteadyTime until;
  SteadyTime end_of_patience;
  pybind11::object future;
  pybind11::object context;
  // Argument proxies live until the reply.
  std::shared_ptr<Target> target;
  pybind11::object args;
  pybind11::object kwargs;
};

// The calls that one event loop awaits, on any sessions. Everything but
// fileno() belongs to the loop's thread, with the GIL. `failed(future,
// exception, session)` is called for every end but a result.
class AsyncCalls final {
 public:
  explicit AsyncCalls(pybind11::object failed)
      : failed_(std::move(failed)), set_result_("set_result") {}
  // Cancels what is left.
  ~AsyncCalls();
  AsyncCalls(const AsyncCalls&) = delete;
  AsyncCalls& operator=(const AsyncCalls&) = delete;

  // Readable when Drain has something to do.
  int fileno() const { return inbox_.fd(); }
  // Calls whose futures aren't done.
  size_t waiting() const { return calls_.size(); }

  // Each sends a request, or queues it behind the session's window, and returns
  // at once; it throws what makes sending impossible, and then the future is
  // untouched. Timeouts, slack and context are those of Session; they count
  // from sending.
  void Call(const std::shared_ptr<Session>& session,
            const std::shared_ptr<Target>& target, const pybind11::tuple& args,
            const pybind11::object& kwargs, double timeout_seconds,
            double slack_seconds, const pybind11::object& context,
            const pybind11::object& future);
  void GetAttr(const std::shared_ptr<Session>& session,
               const std::shared_ptr<Target>& target, bool as_handle,
               double timeout_seconds, double slack_seconds,
               const pybind11::object& context, const pybind11::object& future);
  void Import(const std::shared_ptr<Session>& session,
              const std::string& module, double timeout_seconds,
              double slack_seconds, const pybind11::object& context,
              const pybind11::object& future);

  // The future was cancelled: stops the call in the worker, without waiting.
  void Cancel(const pybind11::object& future);

  // Fills the futures of all calls that ended.
  void Drain();

  // To be called about twice a second while calls are waiting: gives up those
  // that a silent server doesn't answer.
  void Check();

  // Cancels everything.
  void Close();

 private:
  // Asks a silent server for a sign of life.
  struct Probe {
    std::shared_ptr<AsyncCall> call;
    SteadyTime sent;
  };

  void Add(const std::shared_ptr<Session>& session, AttachMethod method,
           std::string body, double timeout_seconds, double slack_seconds,
           const pybind11::object& context, const pybind11::object& future,
           std::shared_ptr<AsyncCall> call);
  static void Transmit(AsyncCall* call);
  // Sends what waits behind a session's window.
  static void Advance(Session* session);
  // Takes it out of flight, replied or not.
  void Withdraw(const std::shared_ptr<AsyncCall>& call, bool tell_server);
  // Lets follow what waits behind withdrawn calls.
  void AdvanceRelieved();
  void Finish(AsyncCall* call, bool expired);
  pybind11::object Result(AsyncCall* call, bool expired);
  void TakeProbe(AsyncCall* call);

  const pybind11::object failed_;
  const pybind11::str set_result_;
  ReplyInbox inbox_;
  // By their futures, which they keep.
  std::unordered_map<PyObject*, std::shared_ptr<AsyncCall>> calls_;
  // Cancelled after their reply had come: the inbox still names them.
  std::unordered_map<PendingCall*, std::shared_ptr<AsyncCall>> dropped_;
  std::unordered_map<Connection*, Probe> probes_;
  // Whose windows have room again because of Withdraw.
  std::unordered_set<std::shared_ptr<Session>> relieved_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_ASYNC_CALLS_H_
