#include "python_client/native/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace envknit::native {
namespace {

using Time = std::chrono::steady_clock::time_point;

constexpr auto kSlice = std::chrono::milliseconds(100);
// Nothing tells when there is room in a full backlog.
constexpr auto kBacklogSlice = std::chrono::milliseconds(10);

bool ConsumePrefix(std::string_view* text, std::string_view prefix) {
  if (text->substr(0, prefix.size()) != prefix) return false;
  text->remove_prefix(prefix.size());
  return true;
}

Dialed Failure(std::string error) {
  Dialed result;
  result.error = std::move(error);
  return result;
}

// The end of an attempt, and who may stop it before.
struct Limits {
  Time deadline;
  const std::function<bool()>& interrupted;
};

// Waits a slice, for `fd` if it isn't -1. 0, or ECANCELED or ETIMEDOUT.
int WaitSlice(int fd, std::chrono::milliseconds slice, const Limits& limits) {
  if (limits.interrupted()) return ECANCELED;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      limits.deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return ETIMEDOUT;
  pollfd wanted = {fd, POLLOUT, 0};
  ::poll(&wanted, 1, static_cast<int>(std::min(slice, left).count()));
  return 0;
}

// 0, or an errno.
int Connect(int fd, const sockaddr* address, socklen_t size,
            const Limits& limits) {
  while (::connect(fd, address, size) != 0 && errno != EISCONN) {
    const bool backlog_full = errno == EAGAIN;
    if (!backlog_full && errno != EINPROGRESS && errno != EALREADY &&
        errno != EINTR) {
      return errno;
    }
    const int stopped = backlog_full ? WaitSlice(-1, kBacklogSlice, limits)
                                     : WaitSlice(fd, kSlice, limits);
    if (stopped != 0) return stopped;
  }
  return 0;
}

// A connected socket, or -1 and the errno in `error`.
int ConnectNew(int family, const sockaddr* address, socklen_t size,
               const Limits& limits, int* error) {
  const int fd =
      ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  *error = fd < 0 ? errno : Connect(fd, address, size, limits);
  if (*error == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

Dialed Connected(int fd, std::string authority) {
  Dialed result;
  result.fd = fd;
  result.authority = std::move(authority);
  return result;
}

Dialed Unconnected(int error) {
  if (error != ECANCELED) return Failure(std::strerror(error));
  Dialed result;
  result.interrupted = true;
  return result;
}

Dialed DialUnix(std::string_view path, const Limits& limits) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Failure("a socket path has 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  int error = 0;
  const int fd = ConnectNew(AF_UNIX, reinterpret_cast<sockaddr*>(&address),
                            sizeof(address), limits, &error);
  return fd < 0 ? Unconnected(error) : Connected(fd, "localhost");
}

Dialed DialTcp(std::string_view target, const Limits& limits) {
  const size_t colon = target.rfind(':');
  if (colon == std::string_view::npos || colon == 0 ||
      colon + 1 == target.size()) {
    return Failure("expected unix:/path, dns:host:port or host:port");
  }
  std::string host(target.substr(0, colon));
  const std::string port(target.substr(colon + 1));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (failed != 0) return Failure(::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found,
                                                             ::freeaddrinfo);
  int addresses = 0;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next)
    ++addresses;
  int error = ECONNREFUSED;
  for (const addrinfo* entry = found; entry != nullptr && error != ECANCELED;
       entry = entry->ai_next) {
    // One that drops packets leaves time for the others.
    const Time now = std::chrono::steady_clock::now();
    const Limits share = {now + (limits.deadline - now) / addresses--,
                          limits.interrupted};
    const int fd = ConnectNew(entry->ai_family, entry->ai_addr,
                              entry->ai_addrlen, share, &error);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return Connected(fd, std::string(target));
  }
  return Unconnected(error);
}

}  // namespace

Dialed Dial(const std::string& address, std::chrono::milliseconds patience,
            const std::function<bool()>& interrupted) {
  const Limits limits = {std::chrono::steady_clock::now() + patience,
                         interrupted};
  std::string_view target = address;
  if (ConsumePrefix(&target, "unix:")) {
    ConsumePrefix(&target, "//");
    return DialUnix(target, limits);
  }
  if (ConsumePrefix(&target, "dns:")) ConsumePrefix(&target, "///");
  return DialTcp(target, limits);
}

}  // namespace envknit::native
