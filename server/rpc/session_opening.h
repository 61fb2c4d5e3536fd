#ifndef ENVKNIT_SERVER_RPC_SESSION_OPENING_H_
#define ENVKNIT_SERVER_RPC_SESSION_OPENING_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"

#include "envknit/v1/calls.pb.h"
#include "envknit/v1/sessions.pb.h"
#include "server/pool/session.h"
#include "server/rpc/rpc_backend.h"

namespace envknit {

using SessionOpened =
    std::function<void(absl::StatusOr<std::shared_ptr<Session>>)>;

// Leases a worker as `request` says: the one way, for unary calls and streams.
// `attached` sessions live as long as their stream. Calls `opened` once,
// perhaps before the return; the worker may still be starting then
// (Session::WhenReady). Errors: those of EnvironmentStore::Resolve and
// PoolRegistry::OpenSession, INVALID_REQUEST {field}, LIMIT_EXCEEDED.
void BeginSession(const RpcBackend& backend,
                  const v1::OpenSessionRequest& request,
                  const Identity& identity, bool attached,
                  SessionOpened opened);

// What a client learns of the worker a session runs on.
v1::WorkerDescription DescribeSessionWorker(const RpcBackend& backend,
                                            const Session& session,
                                            const WorkerInfo& worker);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_SESSION_OPENING_H_
