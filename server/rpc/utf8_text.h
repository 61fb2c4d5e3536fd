#ifndef ENVKNIT_SERVER_RPC_UTF8_TEXT_H_
#define ENVKNIT_SERVER_RPC_UTF8_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// `text` with every byte that isn't part of well-formed UTF-8 replaced by '?':
// error texts quote what workers and clients wrote, and a protobuf string that
// isn't UTF-8 makes the whole message unreadable to its receiver.
std::string ToValidUtf8(absl::string_view text);

// At most `max_bytes` of valid `text`, cut between characters, with "…" where
// something is missing. The first keeps the beginning, the second the end
// (which is where a traceback says what happened).
std::string KeepBeginning(absl::string_view text, std::size_t max_bytes);
std::string KeepEnd(absl::string_view text, std::size_t max_bytes);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RPC_UTF8_TEXT_H_
