#ifndef ENVKNIT_SERVER_BASE_SHA256_H_
#define ENVKNIT_SERVER_BASE_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// The SHA-256 of `data` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view data);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_SHA256_H_
