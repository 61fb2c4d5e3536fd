#ifndef ENVKNIT_SERVER_RUNTIME_EXCEPTION_CAPTURE_H_
#define ENVKNIT_SERVER_RUNTIME_EXCEPTION_CAPTURE_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/limits.h"
#include "server/pyvalue/python_ref.h"

namespace envknit {

// Writes what user code raised as the message RemoteException. The text of the
// traceback and the source lines come from Python's own traceback module, which
// is loaded with the first exception: it costs milliseconds, and most workers
// never need it. Owned by the runtime; needs the GIL.
class ExceptionCapture final {
 public:
  // `runtime_dir` has traceback_text.py.
  ExceptionCapture(const ValueLimits& limits, std::size_t traceback_bytes,
                   std::string runtime_dir)
      : limits_(limits),
        traceback_bytes_(traceback_bytes),
        runtime_dir_(std::move(runtime_dir)) {}
  ExceptionCapture(const ExceptionCapture&) = delete;
  ExceptionCapture& operator=(const ExceptionCapture&) = delete;

  // Appends `field`. Runs the exception's __str__ (twice: the traceback has it
  // too); what that raises is dropped. Leaves no Python exception set.
  void Write(ByteWriter& out, uint32_t field, PyObject* exception);

 private:
  void WriteBody(ByteWriter& out, PyObject* exception, int depth);
  void WriteChain(ByteWriter& out, PyObject* exception, int depth);
  void WriteArgs(ByteWriter& out, PyObject* exception);
  void WriteNotes(ByteWriter& out, PyObject* exception);
  void WriteFrames(ByteWriter& out, PyObject* exception);
  void WriteTraceback(ByteWriter& out, PyObject* exception);
  bool LoadTracebackText();

  const ValueLimits limits_;
  const std::size_t traceback_bytes_;
  const std::string runtime_dir_;
  // Functions of traceback_text.py.
  PyRef format_;
  PyRef describe_frames_;
  // How many exceptions one message may still take.
  int left_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_EXCEPTION_CAPTURE_H_
