#ifndef ENVKNIT_TESTS_FUZZ_FUZZ_CHECK_H_
#define ENVKNIT_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace envknit {

// Ends the fuzzer with the input that broke a promise.
inline void FuzzCheck(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n",
               static_cast<int>(promise.size()), promise.data());
  std::abort();
}

}  // namespace envknit

#endif  // ENVKNIT_TESTS_FUZZ_FUZZ_CHECK_H_
