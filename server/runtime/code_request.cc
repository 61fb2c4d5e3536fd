#include "server/runtime/code_request.h"

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/runtime/runtime_schema.h"

namespace envknit {

using protozero::pbf_wire_type;

std::optional<Failure> ParseExecuteRequest(std::string_view payload,
                                           ExecuteRequestView& view) {
  namespace field = schema::execute_request;
  Want want = Want::kUnspecified;
  try {
    protozero::pbf_reader reader(payload.data(), payload.size());
    while (reader.next()) {
      if (reader.tag() == field::kCode &&
          reader.wire_type() == pbf_wire_type::length_delimited) {
        const protozero::data_view code = reader.get_view();
        view.code = {code.data(), code.size()};
      } else if (reader.tag() == field::kWant &&
                 reader.wire_type() == pbf_wire_type::varint) {
        want = static_cast<Want>(reader.get_uint32());
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  switch (want) {
    case Want::kUnspecified:
      view.want = Want::kJson;
      return std::nullopt;
    case Want::kJson:
    case Want::kValue:
    case Want::kNone:
      view.want = want;
      return std::nullopt;
    default:
      return InvalidRequest("want", "not WANT_JSON, WANT_VALUE or WANT_NONE");
  }
}

}  // namespace envknit
