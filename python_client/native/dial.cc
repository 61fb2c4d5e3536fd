#include "python_client/native/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace envknit::native {
namespace {

constexpr int kPatienceSeconds = 10;

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

// 0, or why it failed. Gives up in time; leaves the socket blocking.
int ConnectInTime(int fd, const sockaddr* address, socklen_t size) {
  // Linux applies the time for sending to connect(), too.
  timeval patience{.tv_sec = kPatienceSeconds, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  int error = ::connect(fd, address, size) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EAGAIN) error = ETIMEDOUT;
  patience.tv_sec = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return error;
}

Dialed DialUnix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Failure("a socket path has 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failure(std::strerror(errno));
  const int error =
      ConnectInTime(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  if (error != 0) {
    ::close(fd);
    return Failure(std::strerror(error));
  }
  return {fd, "localhost", ""};
}

Dialed DialTcp(std::string_view target) {
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
  int error = ECONNREFUSED;
  for (const addrinfo* entry = found; entry != nullptr;
       entry = entry->ai_next) {
    const int fd = ::socket(entry->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      error = errno;
      continue;
    }
    error = ConnectInTime(fd, entry->ai_addr, entry->ai_addrlen);
    if (error == 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      return {fd, std::string(target), ""};
    }
    ::close(fd);
  }
  return Failure(std::strerror(error));
}

}  // namespace

Dialed Dial(const std::string& address) {
  std::string_view target = address;
  if (ConsumePrefix(&target, "unix:")) {
    ConsumePrefix(&target, "//");
    return DialUnix(target);
  }
  if (ConsumePrefix(&target, "dns:")) ConsumePrefix(&target, "///");
  return DialTcp(target);
}

}  // namespace envknit::native
