// A client's connection to one server: a stream, and the release of handles.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_CONNECTION_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_CONNECTION_H_

#include <semaphore.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "python_client/native/attach_stream.h"
#include "python_client/native/dial.h"
#include "python_client/native/release_list.h"
#include "python_client/native/type_ledger.h"

namespace envknit::native {

// Adds to the Attach stream what its users share: numbers of sessions, and the
// thread that sends released handles in batches (20 ms after the first, so that
// a loop of small calls doesn't send a message for each).
//
// Owned by the Python Connection object, its sessions and their handles.
// Thread-safe. In a forked child its destructor leaks what belongs to the
// parent.
class Connection final {
 public:
  // What `dialed` holds is a connected socket, owned from here on; `address` is
  // what was dialed, for errors.
  Connection(std::string address, const Dialed& dialed);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  AttachStream& stream() { return *stream_; }
  const std::string& address() const { return address_; }

  uint32_t NextSessionNumber() { return ++last_session_number_; }

  // For finalizers: lock-free.
  void Release(std::unique_ptr<ReleasedHandle> handle) noexcept;

  // What the replies of its sessions told of types.
  TypeLedger& types() { return types_; }

  // True in a child that inherited it.
  bool inherited() const { return ::getpid() != pid_; }

  // In a forked child, once: closes its copy of the socket, so that the server
  // sees the parent's end. Touches nothing of gRPC's.
  void CloseInheritedSocket();

 private:
  void FlushUntilStopped();
  void FlushReleases();

  // Constant after construction.
  const pid_t pid_;
  const std::string address_;
  // gRPC's; the inode tells whether the number still means that socket.
  const int fd_;
  const ino_t inode_;
  TypeLedger types_;
  std::unique_ptr<AttachStream> stream_;

  std::atomic<uint32_t> last_session_number_{0};
  ReleaseList releases_;
  sem_t has_releases_;
  std::unique_ptr<std::thread> flusher_;

  std::mutex mu_;
  std::condition_variable stop_;
  // Guarded by mu_.
  bool stopping_ = false;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_CONNECTION_H_
