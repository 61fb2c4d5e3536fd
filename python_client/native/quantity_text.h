// Quantities as people read them.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_QUANTITY_TEXT_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_QUANTITY_TEXT_H_

#include <cstdint>
#include <cstdio>
#include <string>

namespace envknit::native {

// Such as "16 MiB".
inline std::string Mebibytes(uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g MiB",
                static_cast<double>(bytes) / (1 << 20));
  return text;
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_QUANTITY_TEXT_H_
