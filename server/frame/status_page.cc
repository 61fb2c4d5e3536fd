#include "server/frame/status_page.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace envknit {
namespace {

Error FromErrno(const char* what) {
  return Error{StatusCode::kResourceExhausted,
               std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

Result<int> CreateStatusPage() {
  const int fd =
      ::memfd_create("envknit-status", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return FromErrno("memfd_create");
  if (::ftruncate(fd, kStatusPageBytes) != 0 ||
      ::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) !=
          0) {
    Error error = FromErrno("size the status page");
    ::close(fd);
    return error;
  }
  return fd;
}

Result<StatusPageMapping> StatusPageMapping::Map(int fd, Access access) {
  struct stat file = {};
  if (::fstat(fd, &file) != 0) return FromErrno("fstat of the status page");
  if (!S_ISREG(file.st_mode) || file.st_size != kStatusPageBytes) {
    return Error{StatusCode::kInvalidArgument,
                 "the status page is not a file of 4096 bytes"};
  }
  const int protection =
      access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  void* const address =
      ::mmap(nullptr, kStatusPageBytes, protection, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) return FromErrno("mmap of the status page");
  return StatusPageMapping(address);
}

StatusPageMapping::~StatusPageMapping() {
  if (address_ != nullptr) ::munmap(address_, kStatusPageBytes);
}

}  // namespace envknit
