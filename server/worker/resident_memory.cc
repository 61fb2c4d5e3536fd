#include "server/worker/resident_memory.h"

#include <unistd.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/read_file.h"

namespace envknit {

int64_t ResidentBytes(pid_t pid) {
  constexpr std::size_t kMaxStatmBytes = 256;
  const absl::StatusOr<std::string> statm =
      ReadFile(absl::StrCat("/proc/", pid, "/statm"), kMaxStatmBytes);
  if (!statm.ok()) return 0;
  const std::vector<absl::string_view> fields = absl::StrSplit(*statm, ' ');
  int64_t pages = 0;
  // Total size, resident, …: in pages.
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &pages)) return 0;
  return pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace envknit
