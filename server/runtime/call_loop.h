#ifndef ENVKNIT_SERVER_RUNTIME_CALL_LOOP_H_
#define ENVKNIT_SERVER_RUNTIME_CALL_LOOP_H_

#include <functional>

#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"
#include "server/frame/status_page.h"
#include "server/pyvalue/byte_writer.h"
#include "server/runtime/call_tracker.h"
#include "server/runtime/executor.h"
#include "server/runtime/interrupts.h"

namespace envknit {

// The life of the thread that runs calls: read a call, run it, write its reply.
// There is no hand-off to another thread: a wake-up costs more than most calls.
// Owned by the runtime.
class CallLoop final {
 public:
  // All are borrowed.
  CallLoop(int call_fd, std::size_t max_payload, CallTracker& tracker,
           Interrupts& interrupts, StatusPageWriter& page, Executor& executor);
  CallLoop(const CallLoop&) = delete;
  CallLoop& operator=(const CallLoop&) = delete;

  // Runs calls until the channel ends, with the GIL; it is released while the
  // thread waits.
  void Run();

 private:
  // Writes the reply of the last call and reads the next, without the GIL.
  // False: the channel ended.
  bool Exchange(Frame& frame);
  void RunCall(const Frame& frame);
  // While idle a signal came: its Python handler runs now.
  bool OnSignalWhileIdle();

  const int call_fd_;
  FrameReader reader_;
  CallTracker& tracker_;
  Interrupts& interrupts_;
  StatusPageWriter& page_;
  Executor& executor_;
  const std::function<bool()> on_signal_;
  PyThreadState* thread_ = nullptr;
  uint64_t last_call_id_ = 0;
  bool has_reply_ = false;
  FrameHeader reply_;
  ByteWriter payload_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CALL_LOOP_H_
