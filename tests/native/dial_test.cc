#include "python_client/native/dial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace envknit::native {
namespace {

using ::testing::HasSubstr;

TEST(DialTest, SaysWhatIsWrongWithAnAddress) {
  for (const char* address :
       {"", "localhost", ":50551", "localhost:", "unix:"}) {
    const Dialed dialed = Dial(address);
    EXPECT_EQ(dialed.fd, -1) << address;
    EXPECT_NE(dialed.error, "") << address;
  }
  EXPECT_THAT(Dial("unix:" + std::string(200, 'x')).error, HasSubstr("107"));
}

TEST(DialTest, SaysThatNobodyListens) {
  EXPECT_THAT(Dial("unix:/nonexistent/envknit.sock").error,
              HasSubstr("No such file"));
}

// A listener that takes no more connections.
class FullListener final {
 public:
  FullListener() {
    address_.sun_family = AF_UNIX;
    std::snprintf(address_.sun_path, sizeof(address_.sun_path),
                  "%s/envknit-dial-%d.sock", ::testing::TempDir().c_str(),
                  ::getpid());
    ::unlink(address_.sun_path);
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    EXPECT_EQ(::bind(listener_, address, sizeof(address_)), 0);
    EXPECT_EQ(::listen(listener_, 0), 0);
    EXPECT_EQ(::connect(waiting_, address, sizeof(address_)), 0);
  }
  ~FullListener() {
    ::close(waiting_);
    ::close(listener_);
    ::unlink(address_.sun_path);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::string target() const {
    return std::string("unix:") + address_.sun_path;
  }

 private:
  const int listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int waiting_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address_{};
};

TEST(DialTest, GivesUpInTime) {
  const FullListener listener;
  const Dialed dialed = Dial(listener.target(), std::chrono::milliseconds(50));
  EXPECT_EQ(dialed.fd, -1);
  EXPECT_THAT(dialed.error, HasSubstr("timed out"));
}

TEST(DialTest, GivesUpWhenInterrupted) {
  const FullListener listener;
  int asked = 0;
  const Dialed dialed = Dial(listener.target(), std::chrono::minutes(1),
                             [&asked] { return ++asked == 3; });
  EXPECT_EQ(dialed.fd, -1);
  EXPECT_TRUE(dialed.interrupted);
}

TEST(DialTest, ConnectsByTcp) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string target =
      "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  for (const std::string& spelled :
       {target, "dns:" + target, "dns:///" + target}) {
    const Dialed dialed = Dial(spelled);
    EXPECT_GE(dialed.fd, 0) << spelled << ": " << dialed.error;
    EXPECT_EQ(dialed.authority, target);
    ::close(dialed.fd);
  }
  ::close(listener);
}

}  // namespace
}  // namespace envknit::native
