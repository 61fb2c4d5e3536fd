// A lease of one worker, as the Python package uses it.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_SESSION_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_SESSION_H_

#include <pybind11/pybind11.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "python_client/native/async_window.h"
#include "python_client/native/connection.h"
#include "python_client/native/python_hooks.h"
#include "python_client/native/reply_decoder.h"
#include "python_client/native/target.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_assembly.h"
#include "server/pyvalue/value_stream.h"

namespace envknit::native {

class ArgumentProxies;
// Copies a value into the worker; its proxy.
using PutArgument = std::function<pybind11::object(const ValueStream&)>;

// Encodes requests, waits for their replies without the GIL, and turns these
// into objects, proxies or exceptions. Owned by Python; keeps its connection
// alive. Any thread may use it: its fields belong to whoever has the GIL.
class Session final : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Connection> connection,
          std::shared_ptr<const PythonHooks> hooks);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Asks for the lease; `request` is a serialized OpenSessionRequest. Doesn't
  // wait: calls may follow at once, and fail with its error if it fails.
  void Open(const std::string& request);

  // Gives the lease back, without waiting.
  void Close();

  // The rest wait for a reply: at most `timeout_seconds` by the server's clock,
  // which stands still while it starts or replaces the worker; by ours
  // `slack_seconds` more, but only as long as the server gives signs of life.
  // `context` goes to the proxies they make.
  // They throw what user code raised (make_exception), errors of the
  // infrastructure (make_error), KeyboardInterrupt.

  // `module` and `worker`, described by dicts.
  pybind11::dict Import(const std::string& module, double timeout_seconds,
                        double slack_seconds, const pybind11::object& context);

  pybind11::object GetAttr(const Target& target, bool as_handle,
                           double timeout_seconds, double slack_seconds,
                           const pybind11::object& context);

  // Arguments that are too large for the message are copied into the worker
  // first; their copies go when the call has its reply.
  pybind11::object Call(const Target& target, pybind11::tuple args,
                        pybind11::object kwargs, double timeout_seconds,
                        double slack_seconds, const pybind11::object& context);

  // Takes items from the iterator at the target, no further one after
  // `max_seconds`, 0 for no bound; with `begin`, of an iteration
  // over the object there. A tuple: list of items, whether the iterator ended,
  // the new iterator's proxy or None, what it returned, the exception that came
  // after the items or None.
  pybind11::tuple Next(const Target& target, bool begin, uint32_t max_items,
                       double max_seconds, double timeout_seconds,
                       double slack_seconds, const pybind11::object& context);

  // A dict with the fields of ObjectDescription (object_reader.h).
  pybind11::dict Describe(const Target& target, bool repr,
                          double timeout_seconds, double slack_seconds,
                          const pybind11::object& context);

  // What `code` leaves in `result`, as JSON has it; None without
  // `with_result`.
  pybind11::object Execute(const std::string& code, bool with_result,
                           double timeout_seconds, double slack_seconds,
                           const pybind11::object& context);

  // A tuple: number of the ImportVerdict, why, the exception or None.
  pybind11::tuple TryImport(const std::string& module, double timeout_seconds,
                            double slack_seconds,
                            const pybind11::object& context);

  void SetAttr(const Target& target, const std::string& name,
               const pybind11::object& value, double timeout_seconds,
               double slack_seconds, const pybind11::object& context);

  void DelAttr(const Target& target, const std::string& name,
               double timeout_seconds, double slack_seconds,
               const pybind11::object& context);

  // A local copy of what stands at the target, of any size in bytes (containers
  // have the limits of all values): by value all the way down, arrays as
  // numpy's where there is one.
  pybind11::object Fetch(const Target& target, double timeout_seconds,
                         double slack_seconds, const pybind11::object& context);

  // A copy of a local object, as large, in the worker; its proxy. `timeout`
  // of both is for each chunk.
  pybind11::object Put(const pybind11::object& object, double timeout_seconds,
                       double slack_seconds, const pybind11::object& context);

  // Whether its worker answered anything, so that its opening succeeded.
  bool answered() const { return answered_; }
  // Whether its worker may have state: a request other than Import was
  // answered.
  bool used() const { return used_; }
  // Inherited through fork(), or the stream is gone: nothing more will come.
  bool ended() const {
    return connection_->inherited() || connection_->stream().broken();
  }
  uint64_t epoch() const { return epoch_; }

  // For the decoder of replies. `items`: the elements that came with the
  // handle, or nullptr; borrowed. New reference; throws.
  pybind11::object MakeProxy(HandleFields fields, PyObject* items,
                             const pybind11::object& context);

 private:
  // Sends without waiting; its calls share the session's window.
  friend class AsyncCalls;

  // The reply's body and info; throws for every other end of the call.
  struct Answer {
    ReplyBytes bytes;
    AttachReply reply;
  };
  Answer Ask(AttachMethod method, std::string body, double timeout_seconds,
             double slack_seconds, const pybind11::object& context);
  void CheckOpen() const;
  AttachFrame MakeFrame(AttachMethod method, std::string body,
                        double timeout_seconds) const;
  // The same, for a request of its own: throws if it can't be sent.
  AttachFrame MakeCheckedFrame(AttachMethod method, std::string body,
                               double timeout_seconds) const;
  Answer TakeAnswer(WaitEnd end, PendingCall* pending, double timeout_seconds,
                    const pybind11::object& context);
  Answer TakeReply(AttachMethod method, ReplyBytes bytes,
                   const pybind11::object& context);
  static std::string EncodeImport(const std::string& module);
  std::string EncodeGetAttr(const Target& target, bool as_handle) const;
  // What is too large for a message is copied into the worker, and its proxy
  // stands in its place; the copies live as long as `proxies`.
  std::string EncodeCall(const Target& target, pybind11::tuple* args,
                         pybind11::object* kwargs,
                         ArgumentProxies* proxies) const;
  pybind11::dict TakeImport(const Answer& answer,
                            const pybind11::object& context);
  // Requests of one transfer, several of them under way.
  class ChunkPipeline;
  pybind11::object PutStream(const ValueStream& stream, double timeout_seconds,
                             double slack_seconds,
                             const pybind11::object& context);
  void FetchRest(const HandleFields& transfer, uint64_t chunk_bytes,
                 ValueAssembly* assembly, double timeout_seconds,
                 double slack_seconds, const pybind11::object& context);
  // What both ends take.
  ValueLimits MessageLimits() const;
  // Puts those arguments into the worker that don't fit in a message together,
  // so that their proxies stand in their place.
  void PutLargeArguments(pybind11::tuple* args, pybind11::object* kwargs,
                         ArgumentProxies* proxies) const;
  // `value`, or a proxy if it has more than `limit` bytes. Empty: `error` is
  // filled.
  pybind11::object PutIfLarge(const pybind11::handle& value, std::size_t limit,
                              ArgumentProxies* proxies,
                              CodecError* error) const;
  // Without the GIL. What isn't answered at the end is abandoned.
  WaitEnd AwaitReply(PendingCall* pending, double timeout_seconds,
                     double slack_seconds);
  // Whether the server answers anything; without the GIL.
  WaitEnd Probe();
  [[noreturn]] void ThrowNotSent() const;
  std::string Unreached(const StreamEnd& why) const;
  // The arguments can't be encoded.
  [[noreturn]] void ThrowUnsent(const CodecError& error) const;
  void Cancel(uint64_t call_id);
  [[noreturn]] void ThrowEnd(WaitEnd end, uint64_t call_id,
                             double timeout_seconds);
  void CheckTarget(const Target& target) const;
  void TakeInfo(std::string_view info, const pybind11::object& context);
  pybind11::tuple TakeItems(std::string_view response,
                            const pybind11::object& context);
  pybind11::object TakeOutcome(std::string_view response,
                               const pybind11::object& context);
  pybind11::object ClassOf(uint64_t epoch, uint32_t type_id);
  [[noreturn]] void ThrowMalformed() const;

  // Constant after construction.
  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<const PythonHooks> hooks_;
  const uint32_t number_;

  // Guarded by the GIL.
  bool answered_ = false;
  bool used_ = false;
  uint64_t epoch_ = 0;
  // By epoch and type id, of the last workers: replies of one that is gone may
  // still be decoded.
  std::map<uint64_t, std::unordered_map<uint32_t, pybind11::object>> classes_;
  // Decoders keep buffers and decoded keys from call to call; one for each
  // thread that decodes at the same time.
  std::vector<std::unique_ptr<ReplyDecoder>> idle_decoders_;
  AsyncWindow async_window_;
  // For what is fetched.
  NumpyTensorDecoder local_arrays_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_SESSION_H_
