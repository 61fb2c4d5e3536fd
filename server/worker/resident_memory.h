#ifndef ENVKNIT_SERVER_WORKER_RESIDENT_MEMORY_H_
#define ENVKNIT_SERVER_WORKER_RESIDENT_MEMORY_H_

#include <sys/types.h>

#include <cstdint>

namespace envknit {

// Bytes of memory that process `pid` has in RAM, some 10 µs; 0 if there is no
// such process.
int64_t ResidentBytes(pid_t pid);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_RESIDENT_MEMORY_H_
