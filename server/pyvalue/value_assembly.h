#ifndef ENVKNIT_SERVER_PYVALUE_VALUE_ASSEMBLY_H_
#define ENVKNIT_SERVER_PYVALUE_VALUE_ASSEMBLY_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_decoder.h"

namespace envknit {

// One serialized message Value that arrives in pieces: the receiving end of a
// Fetch or Put. An array, a bytes object or a bytearray is made as soon as its
// beginning is there, and what follows is written to its place, so that nothing
// of its size is held beside it; any other value is collected and decoded at
// the end. The bytes are untrusted. Needs the GIL, except for what says
// otherwise.
class ValueAssembly final {
 public:
  // `tensors` is borrowed.
  ValueAssembly(uint64_t total_bytes, TensorDecoder* tensors);
  ValueAssembly(const ValueAssembly&) = delete;
  ValueAssembly& operator=(const ValueAssembly&) = delete;

  uint64_t total_bytes() const { return total_; }
  uint64_t received_bytes() const { return received_; }
  bool is_complete() const { return received_ == total_; }
  // From now on Append() works without the GIL.
  bool is_placed() const { return placed_; }

  // The bytes that follow those before. False: `error` is filled, and the
  // assembly must not be used any more; kMalformed for more than were
  // announced.
  bool Append(std::string_view piece, CodecError& error);

  // Only when complete, once: new reference to the object, or nullptr with
  // `error` filled. `decoder` has the same tensors.
  PyObject* Finish(ValueDecoder& decoder, CodecError& error);

 private:
  // Decides where the rest goes, once the beginning is there.
  bool Place(CodecError& error);
  // Leaves `object_` empty if it is better decoded.
  bool MakeBytes(uint64_t length, bool bytearray, CodecError& error);

  const uint64_t total_;
  TensorDecoder* const tensors_;
  uint64_t received_ = 0;
  bool placed_ = false;
  // What isn't written to its place: the beginning, or everything.
  std::string collected_;
  // The array or bytes object, and where its next bytes go.
  PyRef object_;
  char* next_ = nullptr;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_VALUE_ASSEMBLY_H_
