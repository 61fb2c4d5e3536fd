#ifndef ENVKNIT_SERVER_RUNTIME_CONTROL_THREAD_H_
#define ENVKNIT_SERVER_RUNTIME_CONTROL_THREAD_H_

#include "server/frame/frame_reader.h"
#include "server/runtime/call_tracker.h"

namespace envknit {

// Serves the control channel: ping, cancel, stop, and the daemon's end. It
// never needs the GIL, so it answers while user code holds it. Owned by the
// runtime, lives until the process ends.
class ControlThread final {
 public:
  // Takes over `reader`, which may hold bytes already; `tracker` is borrowed.
  // STOP also shuts the reading side of `call_fd`, so that an idle main thread
  // wakes up.
  ControlThread(int control_fd, int call_fd, FrameReader& reader,
                CallTracker& tracker)
      : control_fd_(control_fd),
        call_fd_(call_fd),
        reader_(reader),
        tracker_(tracker) {}
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  // Starts the detached thread, with all signals blocked: they are the main
  // thread's. False: no thread could be made.
  bool Start();

 private:
  [[noreturn]] void Run();
  // After STOP: the main thread has this long to run atexit and flush.
  [[noreturn]] void EndAfterGrace();

  const int control_fd_;
  const int call_fd_;
  FrameReader& reader_;
  CallTracker& tracker_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_CONTROL_THREAD_H_
