#include "server/env/interpreter_finder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "server/base/annotated_status.h"
#include "server/base/unique_fd.h"

namespace envknit {
namespace {

namespace fs = std::filesystem;

bool IsExecutableFile(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

bool IsScript(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 2> start = {};
  return fd.valid() && ::read(fd.get(), start.data(), start.size()) == 2 &&
         start[0] == '#' && start[1] == '!';
}

// The numbers in a directory's name, so that 3.11.10 sorts after 3.11.9.
std::vector<int> NumbersIn(const std::string& name) {
  std::vector<int> numbers;
  std::string digits;
  for (const char c : name + "/") {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      digits.push_back(c);
    } else if (!digits.empty()) {
      int number = 0;
      if (absl::SimpleAtoi(digits, &number)) numbers.push_back(number);
      digits.clear();
    }
  }
  return numbers;
}

// The bin directories of the installations in `directory`, newest first.
std::vector<std::string> BinDirectoriesIn(const fs::path& directory) {
  std::vector<std::pair<std::vector<int>, std::string>> found;
  std::error_code error;
  for (fs::directory_iterator it(directory, error);
       !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    const fs::path bin = it->path() / "bin";
    if (fs::is_directory(bin, ignored)) {
      found.emplace_back(NumbersIn(it->path().filename().string()),
                         bin.string());
    }
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<std::string> directories;
  directories.reserve(found.size());
  for (auto& [numbers, bin] : found) directories.push_back(std::move(bin));
  return directories;
}

// Whether the file's own name says that it is another minor: the python3 of an
// installation is a link to its python3.10, so asking it can be saved.
bool IsNamedOtherwise(const fs::path& real, absl::string_view version) {
  const std::string name = real.filename().string();
  absl::string_view rest = name;
  if (!absl::ConsumePrefix(&rest, "python")) return false;
  const absl::string_view number = rest.substr(
      0, std::min(rest.find_first_not_of("0123456789."), rest.size()));
  return absl::StrContains(number, '.') && number != version;
}

bool Fits(const Interpreter& interpreter, absl::string_view version,
          absl::string_view exact_version, absl::string_view abi_tag) {
  return absl::StrCat(interpreter.major, ".", interpreter.minor) == version &&
         (exact_version.empty() || interpreter.version == exact_version) &&
         (abi_tag.empty() || interpreter.abi_tag == abi_tag);
}

}  // namespace

std::vector<std::string> SplitSearchPath(absl::string_view path) {
  return absl::StrSplit(path, ':', absl::SkipEmpty());
}

InterpreterFinder::InterpreterFinder(InterpreterProber* prober,
                                     InterpreterPlaces places,
                                     RuntimeCatalog runtimes)
    : prober_(prober),
      places_(std::move(places)),
      runtimes_(std::move(runtimes)) {}

std::string InterpreterFinder::Looked() const {
  std::vector<std::string> looked = places_.prefixes;
  looked.insert(looked.end(), places_.search_path.begin(),
                places_.search_path.end());
  return absl::StrJoin(looked, ":");
}

absl::StatusOr<Interpreter> InterpreterFinder::Ask(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat(path, " is not there"));
  }
  const FileIdentity file(
      info.st_dev, info.st_ino, info.st_size,
      info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec);
  absl::MutexLock lock(&mu_);
  const auto it = answers_.find(path);
  if (it != answers_.end() && it->second.file == file) {
    return it->second.interpreter;
  }
  absl::StatusOr<Interpreter> interpreter = prober_->Probe(path);
  if (interpreter.ok()) {
    interpreter->runtime_path = runtimes_.PathFor(interpreter->abi_tag);
  }
  answers_.insert_or_assign(path, Answer{file, interpreter});
  return interpreter;
}

std::vector<std::string> InterpreterFinder::Candidates(
    absl::string_view version) const {
  std::vector<std::string> directories;
  for (const std::string& prefix : places_.prefixes) {
    directories.push_back(prefix + "/bin");
    for (const char* below : {"", "/versions"}) {
      for (std::string& bin : BinDirectoriesIn(prefix + below)) {
        directories.push_back(std::move(bin));
      }
    }
  }
  directories.insert(directories.end(), places_.search_path.begin(),
                     places_.search_path.end());
  std::vector<std::string> binaries;
  std::vector<std::string> scripts;
  // By real path: /bin/python3 and /usr/bin/python3.11 are one file.
  std::set<std::string> seen;
  for (const std::string& name :
       {absl::StrCat("python", version), std::string("python3"),
        std::string("python")}) {
    for (const std::string& directory : directories) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (!IsExecutableFile(path)) continue;
      std::error_code error;
      const fs::path real = fs::canonical(path, error);
      if (error || IsNamedOtherwise(real, version) ||
          !seen.insert(real.string()).second) {
        continue;
      }
      (IsScript(path) ? scripts : binaries).push_back(path);
    }
  }
  binaries.insert(binaries.end(), scripts.begin(), scripts.end());
  return binaries;
}

absl::StatusOr<Interpreter> InterpreterFinder::Find(
    absl::string_view version, absl::string_view exact_version,
    absl::string_view abi_tag) {
  // Where no Python that fits could have a runtime, the first will do: the
  // caller only wants to name it.
  const std::vector<std::string> abis = runtimes_.Abis();
  const bool runtime_possible =
      std::any_of(abis.begin(), abis.end(), [&](const std::string& abi) {
        return VersionOfAbi(abi) == version &&
               (abi_tag.empty() || abi == abi_tag);
      });
  absl::optional<Interpreter> without_runtime;
  for (const std::string& path : Candidates(version)) {
    absl::StatusOr<Interpreter> interpreter = Ask(path);
    if (!interpreter.ok() ||
        !Fits(*interpreter, version, exact_version, abi_tag)) {
      continue;
    }
    if (interpreter->has_runtime() || !runtime_possible) return interpreter;
    if (!without_runtime.has_value()) without_runtime = *interpreter;
  }
  if (without_runtime.has_value()) return *std::move(without_runtime);
  std::string wanted =
      absl::StrCat("Python ", exact_version.empty() ? version : exact_version);
  if (!abi_tag.empty()) absl::StrAppend(&wanted, " (", abi_tag, ")");
  return MakeError(
      ErrorReason::kInterpreterNotFound,
      absl::StrCat(wanted, " is not on this machine; looked in ", Looked(),
                   ". Install it, or name its prefix in "
                   "environments.python_prefixes"),
      {{"wanted", wanted}, {"looked", Looked()}});
}

absl::StatusOr<Interpreter> InterpreterFinder::AtPath(const std::string& path) {
  absl::Status problem =
      IsExecutableFile(path)
          ? absl::OkStatus()
          : absl::NotFoundError(absl::StrCat(path, " is no executable file"));
  if (problem.ok()) {
    absl::StatusOr<Interpreter> interpreter = Ask(path);
    if (interpreter.ok()) return interpreter;
    problem = interpreter.status();
  }
  return MakeError(ErrorReason::kInterpreterNotFound, problem.message(),
                   {{"wanted", path}, {"looked", path}});
}

absl::StatusOr<Interpreter> InterpreterFinder::OfVersion(
    absl::string_view version) {
  const std::vector<absl::string_view> numbers = absl::StrSplit(version, '.');
  if (numbers.size() == 2) return Find(version, "", "");
  if (numbers.size() == 3) {
    return Find(absl::StrCat(numbers[0], ".", numbers[1]), version, "");
  }
  return MakeError(ErrorReason::kInterpreterNotFound,
                   absl::StrCat("\"", version,
                                "\" is no Python version; expected one such as "
                                "3.11 or 3.11.7"),
                   {{"wanted", std::string(version)}, {"looked", ""}});
}

absl::StatusOr<Interpreter> InterpreterFinder::OfAbi(
    const std::string& abi_tag) {
  const std::string version = VersionOfAbi(abi_tag);
  return Find(version, "", abi_tag);
}

absl::StatusOr<Interpreter> InterpreterFinder::Newest() {
  for (const std::string& abi : runtimes_.Abis()) {
    absl::StatusOr<Interpreter> interpreter = OfAbi(abi);
    if (interpreter.ok()) return interpreter;
  }
  const std::string wanted =
      absl::StrCat("a Python of ", absl::StrJoin(runtimes_.Abis(), ", "));
  return MakeError(
      ErrorReason::kInterpreterNotFound,
      runtimes_.Abis().empty()
          ? std::string("this installation has no worker runtime at all, so no "
                        "Python can be used; build or install it again")
          : absl::StrCat(wanted, " is not on this machine; looked in ",
                         Looked()),
      {{"wanted", wanted}, {"looked", Looked()}});
}

}  // namespace envknit
