#ifndef ENVKNIT_SERVER_PYVALUE_TENSOR_LAYOUT_H_
#define ENVKNIT_SERVER_PYVALUE_TENSOR_LAYOUT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "server/pyvalue/hooks.h"

namespace envknit {

// What a typestr says about one element.
struct ElementType {
  char kind = 0;
  std::size_t item_bytes = 0;
};

// Reads a typestr in native byte order, such as "<f8", "|b1", "<M8[ns]".
// nullopt: `why` says what is wrong with it ("object dtype", …).
std::optional<ElementType> ParseTypestr(std::string_view typestr,
                                        std::string& why);

// Checks typestr, shape, strides and the length of data against each other,
// with sums and products that can't overflow, and fills the derived fields.
// False: `why` says what is wrong.
bool CheckTensor(TensorFields& tensor, std::string& why);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_TENSOR_LAYOUT_H_
