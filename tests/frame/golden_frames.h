#ifndef ENVKNIT_TESTS_FRAME_GOLDEN_FRAMES_H_
#define ENVKNIT_TESTS_FRAME_GOLDEN_FRAMES_H_

#include <string>

namespace envknit {

// The bytes of golden/<name>.hex: hexadecimal digits, white space between, and
// comments from # to the end of the line. Fails the test if it isn't there.
std::string GoldenFrame(const std::string& name);

}  // namespace envknit

#endif  // ENVKNIT_TESTS_FRAME_GOLDEN_FRAMES_H_
