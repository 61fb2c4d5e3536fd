#include "server/pyvalue/tensor_layout.h"

#include <cstdint>

#include "server/pyvalue/concat.h"

namespace envknit {
namespace {

constexpr std::string_view kKinds = "biufcSUMmV";
constexpr std::size_t kMaxItemBytes = std::size_t{1} << 24;
constexpr std::size_t kMaxDimensions = 64;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "[ns]", "[25s]": letters and digits in brackets, nothing that dtype parses
// as something else.
bool IsDateUnit(std::string_view text) {
  if (text.size() < 3 || text.size() > 16) return false;
  if (text.front() != '[' || text.back() != ']') return false;
  for (const char c : text.substr(1, text.size() - 2)) {
    if (!IsDigit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')) {
      return false;
    }
  }
  return true;
}

bool IsValidWidth(char kind, std::size_t width) {
  switch (kind) {
    case 'b':
      return width == 1;
    case 'i':
    case 'u':
      return width == 1 || width == 2 || width == 4 || width == 8;
    case 'f':
      return width == 2 || width == 4 || width == 8 || width == 12 ||
             width == 16;
    case 'c':
      return width == 8 || width == 16 || width == 24 || width == 32;
    case 'M':
    case 'm':
      return width == 8;
    default:
      return width >= 1;
  }
}

}  // namespace

std::optional<ElementType> ParseTypestr(std::string_view typestr,
                                        std::string& why) {
  std::size_t at = 0;
  const char order = typestr.empty() ? '\0' : typestr[0];
  if (order == '<' || order == '|' || order == '=' || order == '>') at = 1;
  if (at >= typestr.size()) {
    why = "not a typestr";
    return std::nullopt;
  }
  ElementType type;
  type.kind = typestr[at++];
  if (type.kind == 'O') {
    why = "object dtype does not cross";
    return std::nullopt;
  }
  std::size_t width = 0;
  const std::size_t digits = at;
  while (at < typestr.size() && IsDigit(typestr[at]) && width < kMaxItemBytes) {
    width = width * 10 + static_cast<std::size_t>(typestr[at++] - '0');
  }
  const std::string_view unit = typestr.substr(at);
  const bool is_date = type.kind == 'M' || type.kind == 'm';
  if (kKinds.find(type.kind) == std::string_view::npos || at == digits ||
      width > kMaxItemBytes || !IsValidWidth(type.kind, width) ||
      !(unit.empty() || (is_date && IsDateUnit(unit)))) {
    why =
        Concat({"dtype '", Printable(typestr), "' is of no kind that crosses"});
    return std::nullopt;
  }
  type.item_bytes = type.kind == 'U' ? width * 4 : width;
  if (order == '>' && type.kind != 'S' && type.kind != 'V' && width > 1) {
    why = "non-native byte order does not cross";
    return std::nullopt;
  }
  return type;
}

bool CheckTensor(TensorFields& tensor, std::string& why) {
  const std::optional<ElementType> type = ParseTypestr(tensor.typestr, why);
  if (!type) return false;
  tensor.kind = type->kind;
  tensor.item_bytes = type->item_bytes;
  if (!tensor.descr.empty() && type->kind != 'V') {
    why = "a descr beside elements without fields";
    return false;
  }
  const std::size_t dimensions = tensor.shape.size();
  if (dimensions > kMaxDimensions) {
    why = "more than 64 dimensions";
    return false;
  }
  const bool has_strides = !tensor.strides.empty();
  if (has_strides && tensor.strides.size() != dimensions) {
    why = "strides and shape differ in length";
    return false;
  }
  bool empty = false;
  for (const uint64_t extent : tensor.shape) {
    if (extent > INT64_MAX) {
      why = "an extent beyond 63 bits";
      return false;
    }
    empty = empty || extent == 0;
  }
  // Strides of C and of Fortran order; what the given ones are compared with.
  std::vector<int64_t> c_order(dimensions);
  std::vector<int64_t> fortran(dimensions);
  const auto contiguous = [&](std::vector<int64_t>& strides, bool last_first) {
    auto step = static_cast<int64_t>(tensor.item_bytes);
    for (std::size_t i = 0; i < dimensions; ++i) {
      const std::size_t axis = last_first ? dimensions - 1 - i : i;
      strides[axis] = step;
      const auto extent = static_cast<int64_t>(tensor.shape[axis]);
      if (__builtin_mul_overflow(step, extent == 0 ? 1 : extent, &step)) {
        return false;
      }
    }
    return true;
  };
  if (!contiguous(c_order, true) || !contiguous(fortran, false)) {
    why = "the shape overflows";
    return false;
  }
  if (!has_strides) tensor.strides = c_order;
  uint64_t reach = empty ? 0 : tensor.item_bytes;
  tensor.c_order = tensor.fortran_order = true;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const int64_t stride = tensor.strides[i];
    if (stride <= 0) {
      why = "a stride that is not positive";
      return false;
    }
    if (tensor.shape[i] > 1) {
      tensor.c_order = tensor.c_order && stride == c_order[i];
      tensor.fortran_order = tensor.fortran_order && stride == fortran[i];
    }
    uint64_t span = 0;
    if (!empty &&
        (__builtin_mul_overflow(tensor.shape[i] - 1,
                                static_cast<uint64_t>(stride), &span) ||
         __builtin_add_overflow(reach, span, &reach))) {
      why = "shape and strides overflow";
      return false;
    }
  }
  if (empty) tensor.c_order = tensor.fortran_order = true;
  if (reach != tensor.data.size()) {
    why = Concat({"shape and strides reach ", std::to_string(reach),
                  " bytes, the data has ", std::to_string(tensor.data.size())});
    return false;
  }
  // Overlapping elements would let a few bytes become an array of any size.
  uint64_t total = empty ? 0 : tensor.item_bytes;
  for (const uint64_t extent : tensor.shape) {
    if (!empty && __builtin_mul_overflow(total, extent, &total)) {
      why = "the shape overflows";
      return false;
    }
  }
  if (total > tensor.data.size()) {
    why = "elements overlap";
    return false;
  }
  return true;
}

}  // namespace envknit
