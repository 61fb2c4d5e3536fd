#include "python_client/native/dial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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
