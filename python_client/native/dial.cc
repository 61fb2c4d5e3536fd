#include "python_client/native/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace envknit::native {
namespace {

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

Dialed DialUnix(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Failure("a socket path has 1 to 107 bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failure(std::strerror(errno));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) !=
      0) {
    const int error = errno;
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
    if (fd >= 0 && ::connect(fd, entry->ai_addr, entry->ai_addrlen) == 0) {
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      return {fd, std::string(target), ""};
    }
    error = errno;
    if (fd >= 0) ::close(fd);
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
