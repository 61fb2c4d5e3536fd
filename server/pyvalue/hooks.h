#ifndef ENVKNIT_SERVER_PYVALUE_HOOKS_H_
#define ENVKNIT_SERVER_PYVALUE_HOOKS_H_

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/pyvalue/codec_error.h"

namespace envknit {

// The message TensorMeta.
struct TensorMetaFields {
  std::string typestr;
  std::vector<uint64_t> shape;
};

// The message Handle.
struct HandleFields {
  uint64_t id = 0;
  uint64_t epoch = 0;
  uint32_t type_id = 0;
  std::optional<uint64_t> length;
  std::optional<TensorMetaFields> tensor;
  uint64_t object_id = 0;
};

// The message Tensor, checked: typestr is one we know, and `data` is exactly as
// long as shape and strides (or C order, when strides is empty) reach. The
// views point into the message that is being decoded.
struct TensorFields {
  std::string_view typestr;
  // Of structured dtypes, not checked; empty otherwise.
  std::string_view descr;
  // Of the typestr: 'b', 'i', 'u', 'f', 'c', 'S', 'U', 'M', 'm' or 'V'.
  char kind = 0;
  std::size_t item_bytes = 0;
  std::vector<uint64_t> shape;
  // As many as dimensions, also when the message had none.
  std::vector<int64_t> strides;
  bool c_order = true;
  bool fortran_order = false;
  std::string_view data;
};

// What the codec asks of those that embed it. The worker's object table and the
// client's proxies implement them. Called with the GIL, on the thread that
// encodes or decodes.
class HandleEncoder {
 public:
  enum class Answer { kHandle, kNotAHandle, kFailed };

  virtual ~HandleEncoder() = default;
  // Whether `object` crosses as a handle, and then what it is. The worker says
  // kHandle to everything; the client to its proxies only. kFailed: `error` is
  // filled. Runs no user code.
  virtual Answer Encode(PyObject* object, HandleFields& handle,
                        CodecError& error) = 0;
};

class HandleDecoder {
 public:
  virtual ~HandleDecoder() = default;
  // New reference to what the handle stands for: the object itself in the
  // worker, a proxy in the client. nullptr: `error` is filled.
  virtual PyObject* Decode(const HandleFields& handle, CodecError& error) = 0;

  // Whether the elements that some handles carry are decoded, too. They aren't
  // where the object itself is: a message that names it may be an old one, and
  // its elements released since.
  virtual bool WantsItems() const { return false; }
  // Decode() for a handle with elements: `items`, a tuple, borrowed. Called if
  // WantsItems() only.
  virtual PyObject* DecodeWithItems(const HandleFields& handle, PyObject* items,
                                    CodecError& error) {
    static_cast<void>(items);
    return Decode(handle, error);
  }
};

// An array without its elements yet.
struct TensorRoom {
  // New reference, or nullptr.
  PyObject* tensor = nullptr;
  // Where its elements go, as many bytes as it has; valid while it lives.
  char* data = nullptr;
};

class TensorDecoder {
 public:
  virtual ~TensorDecoder() = default;
  // New reference to an array with a copy of the data. nullptr: `error` is
  // filled.
  virtual PyObject* Decode(const TensorFields& tensor, CodecError& error) = 0;

  // An array of that type and shape (C or Fortran order) whose elements the
  // caller writes: `tensor.data` has their size, but its bytes are not read.
  // No tensor: `error` is filled, or, with kNone, this decoder must be given
  // the whole data.
  virtual TensorRoom Allocate(const TensorFields& tensor,
                              CodecError& error) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_HOOKS_H_
