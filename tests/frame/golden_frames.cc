#include "tests/frame/golden_frames.h"

#include <fstream>

#include "gtest/gtest.h"

namespace envknit {

std::string GoldenFrame(const std::string& name) {
  std::ifstream file(std::string(ENVKNIT_GOLDEN_FRAMES) + "/" + name + ".hex");
  EXPECT_TRUE(file.is_open()) << name;
  std::string digits;
  for (std::string line; std::getline(file, line);) {
    for (const char c : line.substr(0, line.find('#'))) {
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
    }
  }
  EXPECT_EQ(digits.size() % 2, 0U) << name;
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace envknit
