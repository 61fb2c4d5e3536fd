// The codes of google.rpc.Code that the client itself answers with.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_RPC_CODES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_RPC_CODES_H_

namespace envknit::native {

inline constexpr int kDeadlineExceeded = 4;
inline constexpr int kResourceExhausted = 8;
inline constexpr int kFailedPrecondition = 9;
inline constexpr int kInternal = 13;
inline constexpr int kUnavailable = 14;

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_RPC_CODES_H_
