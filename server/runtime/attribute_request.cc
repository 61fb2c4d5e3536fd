#include "server/runtime/attribute_request.h"

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/runtime/runtime_schema.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

std::string_view Bytes(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

std::optional<Failure> ParseFields(std::string_view payload,
                                   AttributeRequestView& view) {
  namespace field = schema::attribute_request;
  std::optional<std::string_view> target;
  pbf_reader reader(payload.data(), payload.size());
  while (reader.next()) {
    if (reader.wire_type() != pbf_wire_type::length_delimited) {
      reader.skip();
    } else if (reader.tag() == field::kTarget) {
      if (target) return InvalidRequest("target", "given twice");
      target = Bytes(reader);
    } else if (reader.tag() == field::kName) {
      view.name = Bytes(reader);
    } else if (reader.tag() == field::kValue) {
      if (view.value) return InvalidRequest("value", "given twice");
      view.value = Bytes(reader);
    } else {
      reader.skip();
    }
  }
  if (auto failure = ParseTarget(target.value_or(""), view.target)) {
    return failure;
  }
  if (view.name.empty()) return InvalidRequest("name", "is missing");
  return std::nullopt;
}

std::optional<Failure> ParseAttributeRequest(std::string_view payload,
                                             AttributeRequestView& view) {
  try {
    return ParseFields(payload, view);
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
}

}  // namespace

std::optional<Failure> ParseSetAttrRequest(std::string_view payload,
                                           AttributeRequestView& view) {
  if (auto failure = ParseAttributeRequest(payload, view)) return failure;
  if (!view.value) return InvalidRequest("value", "is missing");
  return std::nullopt;
}

std::optional<Failure> ParseDelAttrRequest(std::string_view payload,
                                           AttributeRequestView& view) {
  return ParseAttributeRequest(payload, view);
}

std::optional<Failure> ParseDescribeRequest(std::string_view payload,
                                            DescribeRequestView& view) {
  namespace field = schema::describe_request;
  std::optional<std::string_view> target;
  try {
    pbf_reader reader(payload.data(), payload.size());
    while (reader.next()) {
      if (reader.tag() == field::kTarget &&
          reader.wire_type() == pbf_wire_type::length_delimited) {
        if (target) return InvalidRequest("target", "given twice");
        target = Bytes(reader);
      } else if (reader.tag() == field::kRepr &&
                 reader.wire_type() == pbf_wire_type::varint) {
        view.repr = reader.get_uint64() != 0;
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  return ParseTarget(target.value_or(""), view.target);
}

}  // namespace envknit
