#include "server/pyvalue/key_cache.h"

#include <cstdint>
#include <cstring>

namespace envknit {
namespace {

// FNV-1a over at most 40 bytes.
std::size_t Mix(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

bool HasText(PyObject* ascii, std::string_view text) {
  return static_cast<std::size_t>(PyUnicode_GET_LENGTH(ascii)) == text.size() &&
         std::memcmp(PyUnicode_1BYTE_DATA(ascii), text.data(), text.size()) ==
             0;
}

}  // namespace

KeyCache::~KeyCache() {
  if (Py_IsInitialized() == 0) return;
  for (PyObject* key : slots_) Py_XDECREF(key);
}

PyObject* KeyCache::Get(std::string_view text) {
  const bool cached = text.size() <= kMaxBytes;
  PyObject** slot = nullptr;
  if (cached) {
    slot = &slots_[Mix(text) % kSlots];
    if (*slot != nullptr && HasText(*slot, text)) {
      Py_INCREF(*slot);
      return *slot;
    }
  }
  PyObject* const key = PyUnicode_DecodeUTF8(
      text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
  if (key != nullptr && cached && PyUnicode_IS_COMPACT_ASCII(key)) {
    Py_INCREF(key);
    Py_XSETREF(*slot, key);
  }
  return key;
}

}  // namespace envknit
