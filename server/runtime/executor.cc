#include "server/runtime/executor.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <string_view>
#include <utility>

#include "server/pyvalue/concat.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/module_description.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

// Of functions that look at their arguments and never iterate them: it is them
// that operators of a proxy may stand for.
bool OnlyReadsArguments(const TargetView& target) {
  if (target.module != "builtins" || !target.steps.empty()) return false;
  constexpr std::string_view kNames[] = {
      "bool",   "callable", "complex", "dir", "float",
      "format", "hasattr",  "hash",    "id",  "isinstance",
      "int",    "len",      "repr",    "str", "type"};
  return std::find(std::begin(kNames), std::end(kNames), target.path) !=
         std::end(kNames);
}

}  // namespace

Executor::Executor(const WorkerSettings& settings, const CallTracker& tracker,
                   StatusPageWriter& page)
    : limits_(settings.limits),
      epoch_(settings.epoch),
      max_handles_(settings.handles),
      tracker_(tracker),
      page_(page),
      objects_(settings.epoch, types_),
      transfers_(settings.limits, objects_, tensors_),
      decoder_(settings.limits, &objects_, &tensors_,
               CallableReferences::kResolved),
      encoder_(settings.limits, &objects_),
      resolver_(objects_, decoder_, page),
      exceptions_(settings.limits, settings.traceback_bytes,
                  settings.runtime_dir),
      describer_(settings.limits, settings.runtime_dir),
      code_(settings.limits, settings.runtime_dir) {}

bool Executor::Execute(const FrameHeader& request, std::string_view payload,
                       FrameHeader& reply, ByteWriter& out) {
  interrupted_ = false;
  truncated_ = false;
  more_ = false;
  session_ = request.session;
  deadline_ns_ = request.deadline_ns();
  objects_.BeginReply(session_);
  decoder_.BeginMessage();
  encoder_.BeginMessage();
  Outcome failure;
  try {
    switch (request.kind) {
      case FrameKind::kImport:
        failure = Import(payload, out);
        break;
      case FrameKind::kGetAttr:
        failure = GetAttr(payload, out);
        break;
      case FrameKind::kCall:
        failure = Call(payload, out);
        break;
      case FrameKind::kSetAttr:
        failure = SetAttr(payload, out);
        break;
      case FrameKind::kDelAttr:
        failure = DelAttr(payload, out);
        break;
      case FrameKind::kDescribe:
        failure = Describe(payload, out);
        break;
      case FrameKind::kFetch:
        failure = Fetch(payload, out);
        break;
      case FrameKind::kPut:
        failure = Put(payload, out);
        break;
      case FrameKind::kRelease:
        failure = Release(payload);
        break;
      case FrameKind::kNext:
        failure = Next(payload, out);
        break;
      case FrameKind::kExecute:
        failure = RunCode(payload, out);
        break;
      case FrameKind::kTryImport:
        failure = TryImport(payload, out);
        break;
      case FrameKind::kEndSession:
        // END_SESSION: the references drop here, between calls.
        objects_.TakeSession(session_).clear();
        types_.EndSession(session_);
        break;
      default:
        failure = InvalidRequest("method", "not served by this worker");
        break;
    }
  } catch (const std::bad_alloc&) {
    failure = Failure{StatusCode::kInternal,
                      "INTERNAL",
                      "the worker has no memory for the reply",
                      {{"what", "out of memory"}}};
  }
  // What a __del__ or a hook left behind belongs to no reply.
  if (PyErr_Occurred() != nullptr) PyErr_WriteUnraisable(nullptr);
  if (!failure) failure = OverQuota();
  if (failure) {
    GiveUpReply(reply, out, *failure);
  } else if (out.size() > limits_.message_bytes) {
    truncated_ = true;
    const std::string size = std::to_string(out.size());
    GiveUpReply(reply, out,
                {StatusCode::kResourceExhausted,
                 "LIMIT_EXCEEDED",
                 Concat({"the reply has ", size, " bytes, a message holds ",
                         std::to_string(limits_.message_bytes)}),
                 {{"limit", "message_bytes"}, {"value", size}}});
  }
  if (truncated_) reply.flags |= kFrameTruncated;
  if (more_ && reply.status == StatusCode::kOk) reply.flags |= kFrameMore;
  reply.handle_count = objects_.count_of_reply();
  reply.first_handle = reply.handle_count == 0 ? 0 : objects_.first_of_reply();
  page_.SetHandles(objects_.size());
  return interrupted_;
}

Executor::Outcome Executor::OverQuota() const {
  const uint64_t held = objects_.HeldBy(session_);
  if (max_handles_ == 0 || held <= max_handles_ ||
      objects_.count_of_reply() == 0) {
    return std::nullopt;
  }
  const std::string limit = std::to_string(max_handles_);
  const std::string value = std::to_string(held);
  return Failure{StatusCode::kResourceExhausted,
                 "QUOTA_EXCEEDED",
                 Concat({"the session would hold ", value,
                         " objects in its worker, and may hold ", limit,
                         ": release some, or raise limits.handles"}),
                 {{"limit", limit}, {"value", value}}};
}

void Executor::GiveUpReply(FrameHeader& reply, ByteWriter& out,
                           const Failure& failure) {
  objects_.TakeReplyBack().clear();
  types_.ForgetDue();
  more_ = false;
  out.Clear();
  WriteFailure(out, failure);
  reply.status = failure.code;
}

Executor::Outcome Executor::Import(std::string_view payload, ByteWriter& out) {
  std::string_view name;
  if (Outcome failure = ParseImportRequest(payload, name)) return failure;
  CodecError error;
  const PyRef module = resolver_.ImportModule(name, error);
  if (IsForkedChild()) EndForkedChild();
  if (!module) {
    if (error.kind != CodecError::Kind::kPython) {
      error.PrependField("module");
      return FailureOf(error);
    }
    WriteException(out, schema::import_response::kException);
    return std::nullopt;
  }
  const PyRef text = PyRef::Steal(PyUnicode_DecodeUTF8(
      name.data(), static_cast<Py_ssize_t>(name.size()), "replace"));
  if (!text) {
    WriteException(out, schema::import_response::kException);
    return std::nullopt;
  }
  WriteModuleDescription(out, schema::import_response::kModule, module.get(),
                         text.get());
  PyErr_Clear();
  return std::nullopt;
}

Executor::Outcome Executor::GetAttr(std::string_view payload, ByteWriter& out) {
  if (Outcome failure = ParseCallRequest(payload, request_)) return failure;
  CodecError error;
  const PyRef found = resolver_.Resolve(request_.target, error);
  if (IsForkedChild()) EndForkedChild();
  if (!found) return Refuse(error, out);
  return WriteResult(found.get(), request_.want, out);
}

Executor::Outcome Executor::Call(std::string_view payload, ByteWriter& out) {
  if (Outcome failure = ParseCallRequest(payload, request_)) return failure;
  if (OnlyReadsArguments(request_.target)) objects_.OnlyRead();
  CodecError error;
  const PyRef callable = resolver_.Resolve(request_.target, error);
  PyRef result;
  if (callable) result = Invoke(callable.get(), error);
  if (IsForkedChild()) EndForkedChild();
  if (!result) return Refuse(error, out);
  return WriteResult(result.get(), request_.want, out);
}

PyRef Executor::Invoke(PyObject* callable, CodecError& error) {
  std::vector<PyRef> args;
  // Room in front of the arguments, for the callee to put `self` into.
  args.reserve(request_.args.size() + request_.kwargs.size() + 1);
  args.emplace_back();
  PyRef names;
  const bool json = request_.json_args || request_.json_kwargs;
  if (json ? !DecodeJsonArguments(args, names, error)
           : !DecodeArguments(args, names, error)) {
    return {};
  }
  static_assert(sizeof(PyRef) == sizeof(PyObject*), "used as one");
  auto* const objects = reinterpret_cast<PyObject**>(args.data() + 1);
  const std::size_t named =
      names ? static_cast<std::size_t>(PyTuple_GET_SIZE(names.get())) : 0;
  PyRef result = PyRef::Steal(PyObject_Vectorcall(
      callable, objects,
      (args.size() - 1 - named) | PY_VECTORCALL_ARGUMENTS_OFFSET, names.get()));
  if (!result) error.Python();
  return result;
}

Executor::Outcome Executor::Release(std::string_view payload) {
  ReleaseView view;
  if (Outcome failure = ParseReleaseRequest(payload, view)) return failure;
  if (view.epoch != epoch_) return std::nullopt;
  std::vector<PyRef> taken;
  for (const uint64_t id : view.ids) {
    if (PyRef object = objects_.Take(session_, id)) {
      taken.push_back(std::move(object));
    }
  }
  for (const auto& [first, count] : view.ranges) {
    objects_.TakeRange(session_, first, count, taken);
  }
  taken.clear();
  if (IsForkedChild()) EndForkedChild();
  return std::nullopt;
}

}  // namespace envknit
