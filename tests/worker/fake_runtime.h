#ifndef ENVKNIT_TESTS_WORKER_FAKE_RUNTIME_H_
#define ENVKNIT_TESTS_WORKER_FAKE_RUNTIME_H_

#include <string>

#include "server/frame/frame_reader.h"
#include "server/frame/status_page.h"

namespace envknit {

// Its channels, where every worker has them.
inline constexpr int kFakeCallFd = 3;
inline constexpr int kFakeControlFd = 4;
inline constexpr int kFakeStatusFd = 5;

// Takes part in the handshake as `behaviour` says (empty: as the contract
// does), and returns the epoch it was configured with. See the table in
// fake_runtime_start.cc.
uint64_t StartFakeRuntime(const std::string& behaviour, FrameReader& control);

}  // namespace envknit

#endif  // ENVKNIT_TESTS_WORKER_FAKE_RUNTIME_H_
