#ifndef ENVKNIT_SERVER_BASE_READ_FILE_H_
#define ENVKNIT_SERVER_BASE_READ_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace envknit {

// The bytes of a regular file. Errors name the path: NOT_FOUND when it isn't
// there, PERMISSION_DENIED, INVALID_ARGUMENT when it is no regular file (a FIFO
// would block for ever) or larger than `max_bytes`.
absl::StatusOr<std::string> ReadFile(const std::string& path,
                                     std::size_t max_bytes);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_READ_FILE_H_
