#ifndef ENVKNIT_SERVER_RUNTIME_PROCESS_START_H_
#define ENVKNIT_SERVER_RUNTIME_PROCESS_START_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "server/frame/frame_reader.h"
#include "server/runtime/failure.h"
#include "server/runtime/worker_settings.h"

namespace envknit {

// What a worker's process and an interpreter host's do when they start, and how
// they give up.

// Hears the daemon's death, keeps the descriptors from programs that user code
// starts, and makes the handshake up to CONFIGURE. `runtime_dir` is what the
// settings get if CONFIGURE names none. Ends the process on failure.
WorkerSettings BeginProcess(int control_fd, std::initializer_list<int> others,
                            FrameReader& reader,
                            const std::string& runtime_dir);

// Says so on stderr, and ends the process.
[[noreturn]] void FailProcess(std::string_view what);

// Tells the daemon first, instead of READY.
[[noreturn]] void FailStart(int control_fd, const std::string& what);

// Why a worker doesn't start.
Failure StartFailure(const std::string& what);

// The current Python exception as text; it is cleared.
std::string RaisedText();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_PROCESS_START_H_
