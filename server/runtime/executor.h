#ifndef ENVKNIT_SERVER_RUNTIME_EXECUTOR_H_
#define ENVKNIT_SERVER_RUNTIME_EXECUTOR_H_

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/frame/frame_header.h"
#include "server/frame/status_page.h"
#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/item_list_writer.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/tensor_decoders.h"
#include "server/pyvalue/value_decoder.h"
#include "server/pyvalue/value_encoder.h"
#include "server/runtime/attribute_request.h"
#include "server/runtime/call_request.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/code_runner.h"
#include "server/runtime/exception_capture.h"
#include "server/runtime/failure.h"
#include "server/runtime/next_request.h"
#include "server/runtime/object_describer.h"
#include "server/runtime/object_table.h"
#include "server/runtime/target_resolver.h"
#include "server/runtime/transfers.h"
#include "server/runtime/type_registry.h"
#include "server/runtime/worker_settings.h"

namespace envknit {

// Runs one request after the other and writes its reply's payload: decode,
// resolve, call, encode. What user code raises becomes part of the outcome;
// what is wrong with the request, a Failure. Owned by the runtime; for the
// thread that runs calls, with the GIL.
class Executor final {
 public:
  // `tracker` and `page` are borrowed.
  Executor(const WorkerSettings& settings, const CallTracker& tracker,
           StatusPageWriter& page);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `request` and fills `reply` (status, handles, TRUNCATED) and `out`.
  // Returns whether user code ended with KeyboardInterrupt. Leaves no Python
  // exception set.
  bool Execute(const FrameHeader& request, std::string_view payload,
               FrameHeader& reply, ByteWriter& out);

  // After Execute(): a cancel reached the call while it ran.
  void CallWasInterrupted() { objects_.KillIterators(); }

 private:
  using Outcome = std::optional<Failure>;

  Outcome Import(std::string_view payload, ByteWriter& out);
  Outcome GetAttr(std::string_view payload, ByteWriter& out);
  Outcome Call(std::string_view payload, ByteWriter& out);
  Outcome SetAttr(std::string_view payload, ByteWriter& out);
  Outcome DelAttr(std::string_view payload, ByteWriter& out);
  Outcome ChangeAttr(const AttributeRequestView& view, ByteWriter& out);
  Outcome Describe(std::string_view payload, ByteWriter& out);
  Outcome Release(std::string_view payload);
  Outcome RunCode(std::string_view payload, ByteWriter& out);
  Outcome TryImport(std::string_view payload, ByteWriter& out);
  Outcome Next(std::string_view payload, ByteWriter& out);
  Outcome Fetch(std::string_view payload, ByteWriter& out);
  Outcome Put(std::string_view payload, ByteWriter& out);

  PyRef Invoke(PyObject* callable, CodecError& error);
  // Takes items from `iterator` as the request allows. False: it ended, and an
  // exception is set unless it ended by itself with nothing to return.
  bool TakeItems(PyObject* iterator, const NextRequestView& request,
                 ItemListWriter& items, ByteWriter& out);
  // False: an exception is set.
  bool AddItem(PyObject* item, ItemListWriter& items, ByteWriter& out);
  // The exception that ended an iterator.
  void WriteEnd(PyObject* raised, ByteWriter& out);
  bool DecodeArguments(std::vector<PyRef>& args, PyRef& names,
                       CodecError& error);
  bool DecodeJsonArguments(std::vector<PyRef>& args, PyRef& names,
                           CodecError& error);
  Outcome WriteResult(PyObject* result, Want want, ByteWriter& out);
  bool EncodeResult(PyObject* result, Want want, ByteWriter& out,
                    CodecError& error);
  bool EncodeCopy(PyObject* result, ByteWriter& out, CodecError& error);
  // The failure of `error`, or, for what user code raised, an outcome with the
  // exception.
  Outcome Refuse(const CodecError& error, ByteWriter& out);
  void WriteException(ByteWriter& out, uint32_t field);
  // Whether the caller still waits for this reply, as far as we know.
  bool IsAwaited() const;
  // Set if the reply's handles are more than its session may hold.
  Outcome OverQuota() const;
  void GiveUpReply(FrameHeader& reply, ByteWriter& out, const Failure& failure);

  const ValueLimits limits_;
  const uint64_t epoch_;
  // That a session may hold; 0 for no bound.
  const uint64_t max_handles_;
  const CallTracker& tracker_;
  StatusPageWriter& page_;
  TypeRegistry types_;
  ObjectTable objects_;
  NumpyTensorDecoder tensors_;
  Transfers transfers_;
  ValueDecoder decoder_;
  ValueEncoder encoder_;
  TargetResolver resolver_;
  ExceptionCapture exceptions_;
  ObjectDescriber describer_;
  CodeRunner code_;
  KeyCache keywords_;
  CallRequestView request_;
  uint64_t session_ = 0;
  bool interrupted_ = false;
  // The result was over the limit of a message.
  bool truncated_ = false;
  // The operation of the request is not at its end.
  bool more_ = false;
  uint64_t deadline_ns_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_EXECUTOR_H_
