// protozero's views as the standard library's.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_VIEW_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_VIEW_H_

#include <string_view>

#include <protozero/types.hpp>

namespace envknit::native {

inline std::string_view View(protozero::data_view view) {
  return {view.data(), view.size()};
}

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_WIRE_VIEW_H_
