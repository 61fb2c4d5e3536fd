#ifndef ENVKNIT_SERVER_PYVALUE_KEY_CACHE_H_
#define ENVKNIT_SERVER_PYVALUE_KEY_CACHE_H_

#include <Python.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace envknit {

// Recently decoded short dict keys. Rows of a table repeat theirs: taking the
// same str again saves the allocation, the UTF-8 check and the hash, and makes
// later lookups compare by address. Owned by a decoder; needs the GIL.
class KeyCache final {
 public:
  KeyCache() = default;
  KeyCache(const KeyCache&) = delete;
  KeyCache& operator=(const KeyCache&) = delete;
  // Needs the GIL, too, unless Python has ended.
  ~KeyCache();

  // New reference to the str with these UTF-8 bytes; nullptr with a Python
  // exception if they are not UTF-8.
  PyObject* Get(std::string_view text);

 private:
  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kMaxBytes = 40;

  // ASCII keys only: their bytes are the str's own, so none are kept here.
  std::array<PyObject*, kSlots> slots_ = {};
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_KEY_CACHE_H_
