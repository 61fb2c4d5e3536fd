#include <string>
#include <utility>

#include "server/runtime/code_request.h"
#include "server/runtime/executor.h"
#include "server/runtime/fork_guard.h"
#include "server/runtime/raised_exception.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

// How Executor runs source text, and tries modules.
namespace envknit {
namespace {

constexpr std::size_t kMaxReasonBytes = std::size_t{4} << 10;

// "ImportError: module x does not …".
std::string ReasonOf(PyObject* exception) {
  const PyRef text = PyRef::Steal(PyObject_Str(exception));
  PyErr_Clear();
  std::string reason = NamesOf(Py_TYPE(exception)).qualname;
  if (text) reason += ": " + TextOf(text.get(), kMaxReasonBytes);
  return reason;
}

}  // namespace

Executor::Outcome Executor::RunCode(std::string_view payload, ByteWriter& out) {
  ExecuteRequestView view;
  if (Outcome failure = ParseExecuteRequest(payload, view)) return failure;
  CodecError error;
  PyRef result = code_.Run(view.code, error);
  if (result && view.want != Want::kNone) {
    result = code_.ToJsonShape(result.get(), view.want == Want::kJson, error);
  }
  if (IsForkedChild()) EndForkedChild();
  if (!result) {
    if (error.kind == CodecError::Kind::kMalformed) error.path = "code";
    return Refuse(error, out);
  }
  return WriteResult(result.get(), view.want, out);
}

Executor::Outcome Executor::TryImport(std::string_view payload,
                                      ByteWriter& out) {
  namespace field = schema::try_import_response;
  std::string_view name;
  // The same field as of an ImportRequest.
  if (Outcome failure = ParseImportRequest(payload, name)) return failure;
  CodecError error;
  const PyRef module = resolver_.ImportModule(name, error);
  if (IsForkedChild()) EndForkedChild();
  if (!module && error.kind != CodecError::Kind::kPython) {
    error.PrependField("module");
    return FailureOf(error);
  }
  if (module) {
    if (Outcome failure = WriteResult(Py_None, Want::kNone, out)) {
      return failure;
    }
    out.VarintField(field::kVerdict,
                    static_cast<uint64_t>(schema::ImportVerdict::kLoaded));
    return std::nullopt;
  }
  const PyRef raised = TakeRaisedException();
  interrupted_ =
      PyErr_GivenExceptionMatches(raised.get(), PyExc_KeyboardInterrupt) != 0;
  const std::size_t mark = out.Open(schema::response::kOutcome);
  exceptions_.Write(out, schema::outcome::kException, raised.get());
  out.Close(mark);
  const std::string incompatibility = code_.IncompatibilityOf(raised.get());
  const bool fails_for_that = !incompatibility.empty();
  out.VarintField(field::kVerdict,
                  static_cast<uint64_t>(
                      fails_for_that ? schema::ImportVerdict::kCextIncompatible
                                     : schema::ImportVerdict::kFailed));
  out.TextField(field::kReason,
                fails_for_that ? incompatibility : ReasonOf(raised.get()));
  return std::nullopt;
}

}  // namespace envknit
