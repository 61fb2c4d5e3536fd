#ifndef ENVKNIT_TESTS_FUZZ_STAND_IN_HANDLES_H_
#define ENVKNIT_TESTS_FUZZ_STAND_IN_HANDLES_H_

#include <Python.h>

#include <cstdint>

#include "server/pyvalue/hooks.h"

namespace envknit {

// Handles without a worker: one that is read becomes a proxy of nothing, or, if
// it carries elements, an instance of a subclass of tuple with these. Encoded,
// a proxy is its handle again.
class StandInHandles final : public HandleEncoder, public HandleDecoder {
 public:
  // `all`: every object crosses as a handle, as a worker's do; otherwise the
  // proxies only, as a client's.
  explicit StandInHandles(bool all) : all_(all) {}

  Answer Encode(PyObject* object, HandleFields& handle,
                CodecError& error) override;
  PyObject* Decode(const HandleFields& handle, CodecError& error) override;
  bool WantsItems() const override { return true; }
  PyObject* DecodeWithItems(const HandleFields& handle, PyObject* items,
                            CodecError& error) override;

 private:
  const bool all_;
  uint64_t next_id_ = 1;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_FUZZ_STAND_IN_HANDLES_H_
