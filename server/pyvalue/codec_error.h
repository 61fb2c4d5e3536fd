#ifndef ENVKNIT_SERVER_PYVALUE_CODEC_ERROR_H_
#define ENVKNIT_SERVER_PYVALUE_CODEC_ERROR_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace envknit {

// Why a value could not be encoded or decoded, and where. Filled by the codec
// and its hooks when they fail; the path grows from the inside out as the
// failure rises. A plain value.
struct CodecError {
  enum class Kind {
    kNone,
    // A Python exception is set and says it all.
    kPython,
    // The bytes are no valid message.
    kMalformed,
    // The object at `path` has no representation by value.
    kNotByValue,
    // Over the limit named by `limit`.
    kOverLimit,
    // A handle that a hook refused; `reason`, `handle` and `epoch` say more.
    kHandle,
  };

  Kind kind = Kind::kNone;
  // Such as "args[0].rows[3]" for objects, "args[0].list_value.items[3]" for
  // bytes.
  std::string path;
  // Without the path.
  std::string message;
  // kNotByValue: "module.qualname" of the offender's type.
  std::string type;
  // kOverLimit: "depth", "elements" or "message_bytes".
  std::string limit;
  // kHandle: name of an ErrorReason, without prefix.
  std::string reason;
  uint64_t handle = 0;
  uint64_t epoch = 0;

  // These return false, so that a failing function can return their result.
  bool Python();
  bool Malformed(std::string text);
  bool NotByValue(PyObject* offender, std::string_view why = {});
  bool OverLimit(std::string_view which, std::string text);

  // Put "[index]", ".key" (or "['key']"), or "name" and a dot before the path.
  void PrependIndex(std::size_t index);
  void PrependKey(PyObject* key);
  void PrependField(std::string_view field);
  void PrependField(std::string_view field, std::size_t index);
  // Puts a root before the path, without a dot: "args[0]", "$".
  void PrependRoot(std::string_view root);

  // "path: message", or the message alone without a path.
  std::string Text() const;
};

// "module.qualname" of a type, "qualname" for builtins; runs no user code.
std::string TypeFullName(PyTypeObject* type);

// Makes the error the current Python exception: TypeError for kNotByValue,
// ValueError for the others; keeps the exception of kPython.
void RaiseCodecError(const CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_CODEC_ERROR_H_
