#include <chrono>
#include <cstdint>
#include <utility>

#include "server/pyvalue/json_value.h"
#include "server/runtime/executor.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/runtime_schema.h"

// How Executor writes what came of a request.
namespace envknit {
namespace {

// A reply this close to its deadline may come too late for its caller.
constexpr std::chrono::milliseconds kDeliveryMargin{50};
// What a reply has beside its value: lengths around it, and what the daemon
// appends.
constexpr std::size_t kReplyMargin = 4096;

}  // namespace

bool Executor::IsAwaited() const {
  if (tracker_.cancel_requested()) return false;
  if (deadline_ns_ == 0) return true;
  // The steady clock is CLOCK_MONOTONIC.
  const std::chrono::nanoseconds now =
      std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>((now + kDeliveryMargin).count()) < deadline_ns_;
}

Executor::Outcome Executor::WriteResult(PyObject* result, Want want,
                                        ByteWriter& out) {
  CodecError error;
  const std::size_t mark = out.Open(schema::response::kOutcome);
  if (!EncodeResult(result, want, out, error)) {
    out.Clear();
    truncated_ = error.kind == CodecError::Kind::kOverLimit &&
                 error.limit == "message_bytes";
    return Refuse(error, out);
  }
  types_.WriteDue(out, session_, IsAwaited());
  out.Close(mark);
  return std::nullopt;
}

bool Executor::EncodeResult(PyObject* result, Want want, ByteWriter& out,
                            CodecError& error) {
  constexpr uint32_t kValue = schema::outcome::kValue;
  bool ok = false;
  switch (want) {
    case Want::kUnspecified:
    case Want::kAuto:
      return encoder_.EncodeAuto(out, kValue, result, error);
    case Want::kHandle:
      return encoder_.EncodeHandle(out, kValue, result, error);
    case Want::kNone:
      return encoder_.EncodeByValue(out, kValue, Py_None, error);
    case Want::kStr: {
      const PyRef text = PyRef::Steal(PyObject_Str(result));
      if (!text) return error.Python();
      // A subclass of str is what __str__ may give, too.
      const PyRef plain = PyRef::Steal(PyUnicode_FromObject(text.get()));
      if (!plain) return error.Python();
      ok = encoder_.EncodeByValue(out, kValue, plain.get(), error);
      break;
    }
    case Want::kCopy:
      ok = EncodeCopy(result, out, error);
      break;
    case Want::kValue:
      ok = encoder_.EncodeByValue(out, kValue, result, error);
      break;
    case Want::kTensor:
      ok = encoder_.EncodeTensor(out, kValue, result, error);
      break;
    case Want::kJson:
      ok = EncodeJson(out, schema::outcome::kJson, result, limits_, error);
      break;
  }
  if (!ok) error.PrependRoot("$");
  return ok;
}

bool Executor::EncodeCopy(PyObject* result, ByteWriter& out,
                          CodecError& error) {
  constexpr uint32_t kValue = schema::outcome::kValue;
  const std::size_t start = out.size();
  if (encoder_.EncodeByValue(out, kValue, result, error)) {
    if (out.size() + kReplyMargin <= limits_.message_bytes) return true;
    out.Truncate(start);
  } else if (error.kind != CodecError::Kind::kOverLimit ||
             error.limit == "depth") {
    return false;
  }
  error = CodecError();
  return encoder_.EncodeHandle(out, kValue, result, error);
}

Executor::Outcome Executor::Refuse(const CodecError& error, ByteWriter& out) {
  if (error.kind != CodecError::Kind::kPython) {
    PyErr_Clear();
    return FailureOf(error);
  }
  objects_.TakeReplyBack().clear();
  types_.ForgetDue();
  const std::size_t mark = out.Open(schema::response::kOutcome);
  WriteException(out, schema::outcome::kException);
  out.Close(mark);
  return std::nullopt;
}

void Executor::WriteException(ByteWriter& out, uint32_t field) {
  const PyRef raised = TakeRaisedException();
  if (!raised) {
    out.Close(out.Open(field));
    return;
  }
  interrupted_ =
      PyErr_GivenExceptionMatches(raised.get(), PyExc_KeyboardInterrupt) != 0;
  exceptions_.Write(out, field, raised.get());
}

}  // namespace envknit
