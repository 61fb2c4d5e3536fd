#ifndef ENVKNIT_SERVER_PYVALUE_CONCAT_H_
#define ENVKNIT_SERVER_PYVALUE_CONCAT_H_

#include <initializer_list>
#include <string>
#include <string_view>

namespace envknit {

// One string of many pieces, in one allocation. Also because GCC 12 warns
// falsely about operator+ with a literal on the left.
inline std::string Concat(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view piece : pieces) text.append(piece);
  return text;
}

// Untrusted bytes as a part of a message: short, and ASCII whatever they are.
inline std::string Printable(std::string_view bytes) {
  constexpr std::size_t kMaxBytes = 64;
  std::string text(bytes.substr(0, kMaxBytes));
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_CONCAT_H_
