// What the pool knows of a worker: one place where code of one environment
// runs, one call at a time.
//
// Implemented by SubprocessWorker and InterpreterWorker (server/worker).
// Optional behaviour (recycling, metering, zygote start) is a decorator of
// these interfaces, wrapped in app/main.cc.
#ifndef ENVKNIT_WORKER_H_
#define ENVKNIT_WORKER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "envknit/environment.h"

namespace envknit {

// Incarnation number, unique for one daemon instance: its random tag in the
// upper 32 bits, a counter in the lower.
using Epoch = uint64_t;

// Numbers a call on one worker: strictly increasing in the order of Submit,
// never 0.
using CallId = uint64_t;

// The wire's frame kinds that a pool may submit (protos/README.md).
enum class CallKind : uint8_t {
  kImport = 1,
  kGetAttr = 2,
  kCall = 3,
  kRelease = 4,
  kEndSession = 5,
  kSetAttr = 6,
  kDelAttr = 7,
  kFetch = 8,
  kPut = 9,
  kNext = 10,
  kDescribe = 11,
  kExecute = 12,
  kTryImport = 13,
};

struct WorkerCall {
  CallId id = 0;
  CallKind kind = CallKind::kCall;
  // Number of the lease, 0 for none: handles belong to it.
  uint64_t session = 0;
  // Told to the worker for its status page; the pool enforces it.
  absl::Time deadline = absl::InfiniteFuture();
  // The serialized request, as the client wrote it.
  std::string body;
};

struct WorkerReply {
  CallId id = 0;
  // OK, and `body` is the serialized response; else an error with reason and
  // metadata attached (server/base).
  absl::Status status;
  std::string body;
  absl::Duration execution;
  // Consecutive handle ids that the reply gives away.
  uint64_t first_handle = 0;
  uint32_t handle_count = 0;
  // The call was interrupted by Cancel while it ran.
  bool interrupted = false;
  // The call was cancelled before the worker read it.
  bool skipped = false;
  // The worker must not be used again.
  bool retire = false;
  // A Fetch, Put or Next that is not at its end (FrameFlag MORE).
  bool more = false;
};

// How far a submitted call got, as the worker's own status page says: a hint,
// never trusted for memory safety.
enum class CallProgress { kNotStarted, kRunning, kFinished };

struct WorkerExit {
  // One of both is set when it is known.
  absl::optional<int> exit_code;
  absl::optional<int> signal;
  // Last lines of its stderr, at most 4 KiB.
  std::string stderr_tail;
  // Python stacks, if DumpStack was called and answered.
  std::string stack;
  // Another interpreter of the same host process ended it: what ran here did
  // nothing wrong.
  bool collateral = false;
  // Set when the worker broke the frame contract and was killed for it.
  absl::optional<std::string> protocol_error;
};

// Receives what a worker does. Called on a thread of the worker's factory,
// never from inside a Worker method, one call at a time for one worker; must
// not block.
class WorkerListener {
 public:
  virtual ~WorkerListener() = default;

  // Exactly once for every submitted call whose reply came before the exit.
  virtual void OnReply(WorkerReply reply) = 0;

  // Once, and last: the process is reaped and its process group killed, or the
  // worker is out of a process that others share. Calls without a reply will
  // have none; Worker::Progress still answers for them.
  virtual void OnExit(WorkerExit exit) = 0;
};

struct WorkerInfo {
  Epoch epoch = 0;
  int pid = 0;
  // "3.11.7"
  std::string python;
  absl::Time started;
};

// Thread-safe; no method blocks. Destroying it kills the worker if it still
// lives, and no listener is called afterwards (except for a callback that is
// running in another thread; destroy on the listener's thread or after OnExit).
class Worker {
 public:
  virtual ~Worker() = default;

  virtual const WorkerInfo& info() const = 0;

  // Sends a call. Calls run in the order of Submit. After the worker's death it
  // does nothing: OnExit tells.
  virtual void Submit(WorkerCall call) = 0;

  // Interrupts the call if it runs, skips it if it was not read yet; nothing if
  // it ended. The reply comes in any case, unless the code ignores the
  // interrupt.
  virtual void Cancel(CallId id) = 0;

  // Asks for the Python stacks of all threads; they arrive in the log and in
  // WorkerExit::stack.
  virtual void DumpStack() = 0;

  // SIGKILL to the whole process group; workers that share the process die too,
  // as collateral. OnExit follows.
  virtual void Kill() = 0;

  // Planned stop: atexit and flush, killed after a grace. OnExit follows.
  virtual void Stop() = 0;

  virtual CallProgress Progress(CallId id) const = 0;

  // Handles that sessions hold, as its status page says: for listings only.
  virtual uint64_t HandlesHeld() const = 0;
};

struct WorkerSpec {
  std::shared_ptr<const Environment> environment;
  Epoch epoch = 0;
  // The worker is READY before this, or starting fails.
  absl::Time start_deadline;
};

// Starts workers of one isolation kind. Thread-safe.
class WorkerFactory {
 public:
  // Called once, on the factory's thread. An error has reason and metadata
  // attached: WORKER_UNAVAILABLE when it died or was late,
  // RUNTIME_NOT_AVAILABLE when its Python can't load our runtime.
  using Started = std::function<void(absl::StatusOr<std::unique_ptr<Worker>>)>;

  virtual ~WorkerFactory() = default;

  // Does not block. `listener` must outlive the worker.
  virtual void Start(WorkerSpec spec, WorkerListener* listener,
                     Started started) = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_WORKER_H_
