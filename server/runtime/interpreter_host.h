#ifndef ENVKNIT_SERVER_RUNTIME_INTERPRETER_HOST_H_
#define ENVKNIT_SERVER_RUNTIME_INTERPRETER_HOST_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/frame/frame_header.h"
#include "server/frame/frame_reader.h"
#include "server/runtime/control_sender.h"
#include "server/runtime/interpreter.h"
#include "server/runtime/worker_settings.h"

namespace envknit {

// Serves the control channel of an interpreter host ("Interpreter hosts" in
// protos/README.md): opens and closes interpreters and passes cancels on. It
// never needs a GIL. Lives until the process ends.
class InterpreterHost final {
 public:
  // `reader` may hold bytes already. `settings` hold for every interpreter,
  // where OPEN_INTERPRETER says nothing else.
  InterpreterHost(int control_fd, int descriptor_fd, FrameReader& reader,
                  WorkerSettings settings);
  InterpreterHost(const InterpreterHost&) = delete;
  InterpreterHost& operator=(const InterpreterHost&) = delete;

  // Says READY and serves, until the daemon ends it.
  [[noreturn]] void Serve();

 private:
  void Handle(const FrameHeader& header, const std::string& payload);
  void Open(uint16_t number, const std::string& payload);
  // nullptr: it was there, and has ended. Ends the process for a number that
  // was never given.
  std::shared_ptr<Interpreter> Find(uint16_t number);
  void Forget(uint16_t number);

  const int control_fd_;
  const int descriptor_fd_;
  FrameReader& reader_;
  const WorkerSettings settings_;
  ControlSender control_;
  // Numbers that were given; the control thread's own.
  std::bitset<UINT16_MAX + 1> given_;

  std::mutex mu_;
  // Guarded by mu_.
  std::unordered_map<uint16_t, std::shared_ptr<Interpreter>> live_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_INTERPRETER_HOST_H_
