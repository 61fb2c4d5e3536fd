#include "server/rpc/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using testing::HasSubstr;

class UnixListenerTest : public testing::Test {
 protected:
  UnixListenerTest() {
    std::string pattern = "/tmp/envknit-listen-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~UnixListenerTest() override { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/d.sock"; }

  std::string directory_;
};

TEST_F(UnixListenerTest, RefusesPathThatNoAddressCanHold) {
  const std::string too_long = directory_ + "/" + std::string(107, 'x');
  EXPECT_EQ(UnixListener::Bind(too_long).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(UnixListener::Bind("").ok());
  const std::string longest =
      directory_ + "/" + std::string(107 - directory_.size() - 1, 'x');
  // Its lock file has a longer name, which is no address.
  EXPECT_TRUE(UnixListener::Bind(longest).ok());
}

TEST_F(UnixListenerTest, SecondOneIsToldWhoServes) {
  const auto first = UnixListener::Bind(path());
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = UnixListener::Bind(path());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(absl::StrCat("process ", ::getpid())));
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(UnixListenerTest, LeavesAFileInItsPlaceAlone) {
  std::ofstream(path()) << "precious";
  EXPECT_FALSE(UnixListener::Bind(path()).ok());
  EXPECT_EQ(std::filesystem::file_size(path()), 8u);
}

TEST_F(UnixListenerTest, ReplacesASocketThatACrashLeftBehind) {
  {
    auto crashed = UnixListener::Bind(path());
    ASSERT_TRUE(crashed.ok());
    std::filesystem::rename(path(), path() + ".kept");
  }
  std::filesystem::rename(path() + ".kept", path());
  EXPECT_TRUE(UnixListener::Bind(path()).ok());
}

TEST_F(UnixListenerTest, DoesNotRemoveAnothersSocket) {
  auto listener = UnixListener::Bind(path());
  ASSERT_TRUE(listener.ok());
  std::filesystem::remove(path());
  std::ofstream(path()) << "not ours";
  *listener = nullptr;
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(UnixListenerTest, OnlyTheOwnerMayConnect) {
  const auto listener = UnixListener::Bind(path());
  ASSERT_TRUE(listener.ok());
  struct stat info = {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(UnixListenerTest, LeavesNothingBehind) {
  ASSERT_TRUE(UnixListener::Bind(path()).ok());
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST(PeerIdentitiesTest, OnlyKnownConnectionsHaveAUid) {
  PeerIdentities peers;
  EXPECT_EQ(peers.Identify("ipv4:127.0.0.1:9"), "anonymous");
  EXPECT_EQ(peers.Identify("fd:3"), "anonymous");
  EXPECT_EQ(peers.Identify("fd:x"), "anonymous");
  EXPECT_EQ(peers.Identify(""), "anonymous");
}

TEST(PeerIdentitiesTest, NamesTheUidBehindTheDescriptor) {
  PeerIdentities peers;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd other(pair[1]);
  absl::StatusOr<UniqueFd> admitted = peers.Admit(UniqueFd(pair[0]));
  ASSERT_TRUE(admitted.ok()) << admitted.status();
  EXPECT_EQ(peers.Identify(absl::StrCat("fd:", admitted->get())),
            absl::StrCat("uid:", ::getuid()));
}

// A connected socket whose peer, to the kernel, is `uid`; only root may.
UniqueFd ConnectionOf(uid_t uid) {
  // The system call itself changes this thread only; the library's function
  // changes all.
  EXPECT_EQ(::syscall(SYS_setresuid, -1, uid, -1), 0);
  int pair[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  EXPECT_EQ(::syscall(SYS_setresuid, -1, 0, -1), 0);
  ::close(pair[1]);
  return UniqueFd(pair[0]);
}

TEST(PeerIdentitiesTest, NumberOfAConnectionNeverMeansAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can act as two users";
  PeerIdentities peers;
  absl::StatusOr<UniqueFd> first = peers.Admit(ConnectionOf(1001));
  ASSERT_TRUE(first.ok()) << first.status();
  const int number = first->get();
  first->reset();
  // The kernel hands out the lowest free number, which is that one again.
  UniqueFd again = ConnectionOf(1002);
  ASSERT_EQ(again.get(), number);
  absl::StatusOr<UniqueFd> second = peers.Admit(std::move(again));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->get(), number);
  EXPECT_EQ(peers.Identify(absl::StrCat("fd:", number)), "uid:1001");
  EXPECT_EQ(peers.Identify(absl::StrCat("fd:", second->get())), "uid:1002");
}

TEST(PeerIdentitiesTest, RefusesWhatIsNoSocket) {
  PeerIdentities peers;
  EXPECT_FALSE(peers.Admit(UniqueFd(::dup(0))).ok());
}

}  // namespace
}  // namespace envknit
