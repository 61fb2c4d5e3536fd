// The client's end of a reference to an object in a worker.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_HANDLE_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_HANDLE_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "python_client/native/connection.h"
#include "server/pyvalue/hooks.h"

namespace envknit::native {

class Session;

// Held by a proxy, and by whatever uses it in a call. Immutable. Its destructor
// puts it on the connection's release list, which neither locks nor waits: it
// runs in finalizers. Needs no GIL.
class Handle final {
 public:
  Handle(std::shared_ptr<Connection> connection, std::weak_ptr<Session> session,
         uint32_t session_number, HandleFields fields)
      : connection_(std::move(connection)),
        session_(std::move(session)),
        fields_(std::move(fields)),
        release_(std::make_unique<ReleasedHandle>()) {
    release_->session_number = session_number;
    release_->epoch = fields_.epoch;
    release_->id = fields_.id;
  }
  ~Handle() { connection_->Release(std::move(release_)); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  const HandleFields& fields() const { return fields_; }
  bool IsOf(const Session& session) const {
    return session_.lock().get() == &session;
  }
  // A session that ended, or was inherited through fork().
  bool IsStale() const {
    return session_.expired() || connection_->inherited();
  }
  const std::shared_ptr<Connection>& connection() const { return connection_; }

 private:
  const std::shared_ptr<Connection> connection_;
  const std::weak_ptr<Session> session_;
  const HandleFields fields_;
  std::unique_ptr<ReleasedHandle> release_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_HANDLE_H_
