#ifndef ENVKNIT_SERVER_PYVALUE_LIMITS_H_
#define ENVKNIT_SERVER_PYVALUE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace envknit {

// What one message may hold. Both ends apply the same numbers.
struct ValueLimits {
  // Containers inside each other; a scalar adds nothing.
  uint32_t depth = 40;
  // Items of all containers of a message together; a dict's pair counts as two.
  uint32_t elements = 1'000'000;
  // Encoded size up to which a result crosses by value when the caller left
  // the choice to the worker.
  std::size_t auto_bytes = std::size_t{15} << 20;
  // Encoded size of a whole message.
  std::size_t message_bytes = std::size_t{16} << 20;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_LIMITS_H_
