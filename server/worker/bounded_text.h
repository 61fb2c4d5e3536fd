#ifndef ENVKNIT_SERVER_WORKER_BOUNDED_TEXT_H_
#define ENVKNIT_SERVER_WORKER_BOUNDED_TEXT_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// `text` from an untrusted source, fit for a protobuf string: at most
// `max_bytes` long (cut at a character, "…" at the end), each byte that isn't
// UTF-8 replaced by U+FFFD.
std::string BoundedText(absl::string_view text, std::size_t max_bytes);

// The same for text whose end matters more: "…" is at the beginning.
std::string BoundedTail(absl::string_view text, std::size_t max_bytes);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_BOUNDED_TEXT_H_
