#include "server/config/socket_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/base/sha256.h"

namespace envknit {
namespace {

std::string LastResort(uid_t uid) { return absl::StrCat("/tmp/envknit-", uid); }

}  // namespace

std::string DefaultSocketDirectory(
    const std::map<std::string, std::string>& environment, uid_t uid) {
  const auto own = environment.find("ENVKNIT_RUNTIME_DIR");
  if (own != environment.end() && absl::StartsWith(own->second, "/")) {
    return own->second;
  }
  const auto xdg = environment.find("XDG_RUNTIME_DIR");
  if (xdg != environment.end() && absl::StartsWith(xdg->second, "/")) {
    return absl::StrCat(xdg->second, "/envknit");
  }
  return LastResort(uid);
}

std::string FitSocketPath(const std::string& path, uid_t uid) {
  if (path.size() <= kMaxSocketPath) return path;
  const std::string name =
      absl::StrCat("/", Sha256Hex(path).substr(0, 16), ".sock");
  std::string beside = path.substr(0, path.rfind('/')) + name;
  if (beside.size() <= kMaxSocketPath) return beside;
  return LastResort(uid) + name;
}

absl::Status PrepareSocketDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("can't create ", directory, " for the socket"));
  }
  struct stat info = {};
  if (::lstat(directory.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, directory);
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory, " is not a directory, so no socket is put there"));
  }
  if (info.st_uid != ::geteuid()) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory, " belongs to user ", info.st_uid,
                     ", so no socket is put there; remove it, or name another "
                     "place with --socket"));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s lets others write (mode %04o), so no socket is put there; "
        "chmod 700 it",
        directory, info.st_mode & 07777));
  }
  return absl::OkStatus();
}

}  // namespace envknit
