#include "server/process/process_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/unique_fd.h"

namespace envknit {
namespace {

// More than any sane environment; a process can make its own arbitrarily large.
constexpr std::size_t kMaxEnvironmentBytes = 1024 * 1024;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

absl::optional<std::string> ReadSome(const std::string& path,
                                     std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return absl::nullopt;
  std::string text;
  char buffer[4096];
  while (text.size() < max_bytes) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof(buffer));
    // A process that ended meanwhile makes it fail.
    if (n < 0) return absl::nullopt;
    if (n == 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

absl::optional<ProcessEntry> ParseProcessStat(absl::string_view line) {
  const std::size_t open = line.find(" (");
  const std::size_t close = line.rfind(") ");
  if (open == absl::string_view::npos || close == absl::string_view::npos ||
      close < open) {
    return absl::nullopt;
  }
  // state, parent, process group, session, …
  const std::vector<absl::string_view> fields = absl::StrSplit(
      line.substr(close + 2), absl::MaxSplits(' ', 4), absl::SkipEmpty());
  ProcessEntry entry;
  if (fields.size() < 4 ||
      !absl::SimpleAtoi(line.substr(0, open), &entry.pid) ||
      !absl::SimpleAtoi(fields[1], &entry.parent) ||
      !absl::SimpleAtoi(fields[3], &entry.session)) {
    return absl::nullopt;
  }
  entry.zombie = fields[0] == "Z" || fields[0] == "X";
  return entry;
}

absl::optional<ProcessEntry> ReadProcess(pid_t pid) {
  const absl::optional<std::string> line =
      ReadSome(absl::StrCat("/proc/", pid, "/stat"), 4096);
  if (!line.has_value()) return absl::nullopt;
  return ParseProcessStat(*line);
}

std::vector<ProcessEntry> ListProcesses() {
  std::vector<ProcessEntry> entries;
  const std::unique_ptr<DIR, CloseDirectory> proc(::opendir("/proc"));
  if (proc == nullptr) return entries;
  while (const struct dirent* file = ::readdir(proc.get())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(file->d_name, &pid)) continue;
    const absl::optional<ProcessEntry> entry = ReadProcess(pid);
    if (entry.has_value()) entries.push_back(*entry);
  }
  return entries;
}

absl::optional<std::string> ReadProcessEnvironment(pid_t pid) {
  return ReadSome(absl::StrCat("/proc/", pid, "/environ"),
                  kMaxEnvironmentBytes);
}

absl::optional<std::string> FindVariable(absl::string_view environment,
                                         absl::string_view name) {
  const std::string prefix = absl::StrCat(name, "=");
  for (const absl::string_view entry : absl::StrSplit(environment, '\0')) {
    if (absl::StartsWith(entry, prefix)) {
      return std::string(entry.substr(prefix.size()));
    }
  }
  return absl::nullopt;
}

absl::optional<std::string> ReadProcessVariable(pid_t pid,
                                                absl::string_view name) {
  const absl::optional<std::string> environment = ReadProcessEnvironment(pid);
  if (!environment.has_value()) return absl::nullopt;
  return FindVariable(*environment, name);
}

}  // namespace envknit
