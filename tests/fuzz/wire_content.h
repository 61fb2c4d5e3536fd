#ifndef ENVKNIT_TESTS_FUZZ_WIRE_CONTENT_H_
#define ENVKNIT_TESTS_FUZZ_WIRE_CONTENT_H_

#include <cstdint>
#include <string_view>

#include "protozero/pbf_reader.hpp"

#include "tests/fuzz/fuzz_check.h"

namespace envknit {

// The content of a message's only field, which must be `field`, with a length.
inline std::string_view ContentOf(std::string_view message, uint32_t field) {
  protozero::pbf_reader reader(message.data(), message.size());
  FuzzCheck(reader.next(field, protozero::pbf_wire_type::length_delimited),
            "an encoder writes the field it was told");
  const protozero::data_view view = reader.get_view();
  FuzzCheck(!reader.next(), "an encoder writes one field");
  return {view.data(), view.size()};
}

}  // namespace envknit

#endif  // ENVKNIT_TESTS_FUZZ_WIRE_CONTENT_H_
