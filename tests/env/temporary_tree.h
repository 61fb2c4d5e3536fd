#ifndef ENVKNIT_TESTS_ENV_TEMPORARY_TREE_H_
#define ENVKNIT_TESTS_ENV_TEMPORARY_TREE_H_

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace envknit {

// A directory of a test's own, gone with it. Paths given are relative to it.
class TemporaryTree final {
 public:
  TemporaryTree() {
    std::string name = ::testing::TempDir() + "env_test_XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    // Canonical: interpreters are compared by real path.
    root_ = std::filesystem::canonical(name).string();
  }
  TemporaryTree(const TemporaryTree&) = delete;
  TemporaryTree& operator=(const TemporaryTree&) = delete;
  ~TemporaryTree() { std::filesystem::remove_all(root_); }

  std::string Path(const std::string& path) const { return root_ + "/" + path; }
  const std::string& root() const { return root_; }

  // Each returns the absolute path of what it made, parents included.
  std::string Directory(const std::string& path) const {
    std::filesystem::create_directories(Path(path));
    return Path(path);
  }
  std::string File(const std::string& path,
                   const std::string& content = "") const {
    std::filesystem::create_directories(
        std::filesystem::path(Path(path)).parent_path());
    std::ofstream(Path(path), std::ios::binary) << content;
    return Path(path);
  }
  std::string Executable(const std::string& path, const std::string& content =
                                                      "\x7f"
                                                      "ELF") const {
    File(path, content);
    EXPECT_EQ(::chmod(Path(path).c_str(), 0755), 0);
    return Path(path);
  }

  // What pip leaves of a wheel with that tag and those files.
  std::string Wheel(const std::string& install_path, const std::string& name,
                    const std::string& version, const std::string& tag,
                    const std::string& record) const {
    const std::string info =
        install_path + "/" + name + "-" + version + ".dist-info/";
    File(info + "WHEEL", "Wheel-Version: 1.0\nTag: " + tag + "\n");
    File(info + "RECORD", record);
    return Path(install_path);
  }

 private:
  std::string root_;
};

}  // namespace envknit

#endif  // ENVKNIT_TESTS_ENV_TEMPORARY_TREE_H_
