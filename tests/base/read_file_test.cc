#include "server/base/read_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

class ReadFileTest : public ::testing::Test {
 protected:
  ReadFileTest() : directory_(::testing::TempDir() + "read_file_test") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directory(directory_);
  }
  ~ReadFileTest() override { std::filesystem::remove_all(directory_); }

  const std::string directory_;
};

TEST_F(ReadFileTest, SaysWhichFileIsMissing) {
  const auto content = ReadFile(directory_ + "/nope", 10);
  EXPECT_EQ(content.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(content.status().message()), HasSubstr("/nope"));
}

TEST_F(ReadFileTest, RefusesDirectoriesAndFifos) {
  EXPECT_EQ(ReadFile(directory_, 10).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string fifo = directory_ + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(ReadFile(fifo, 10).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReadFileTest, KeepsTheLimit) {
  const std::string path = directory_ + "/file";
  std::ofstream(path) << std::string(200'000, 'x');
  EXPECT_EQ(ReadFile(path, 199'999).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadFile("/dev/zero", 10).status().code(),
            absl::StatusCode::kInvalidArgument);
  const auto content = ReadFile(path, 200'000);
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, std::string(200'000, 'x'));
}

}  // namespace
}  // namespace envknit
