#include "server/runtime/next_request.h"

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/runtime/runtime_schema.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

// Longer ones are as good as none, and would overflow.
constexpr int64_t kMaxSeconds = int64_t{1} << 32;

std::optional<Failure> ParseMaxTime(
    pbf_reader reader, std::optional<std::chrono::nanoseconds>& time) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  while (reader.next()) {
    const bool number = reader.wire_type() == pbf_wire_type::varint;
    if (number && reader.tag() == schema::duration::kSeconds) {
      seconds = reader.get_int64();
    } else if (number && reader.tag() == schema::duration::kNanos) {
      nanos = reader.get_int32();
    } else {
      reader.skip();
    }
  }
  if (seconds < 0 || nanos < 0 || nanos >= 1'000'000'000) {
    return InvalidRequest("max_time", "negative, or not a valid duration");
  }
  if (seconds < kMaxSeconds) {
    time = std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos);
  }
  return std::nullopt;
}

std::optional<Failure> ParseFields(pbf_reader reader, NextRequestView& view) {
  namespace field = schema::next_request;
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    const bool bytes = reader.wire_type() == pbf_wire_type::length_delimited;
    const bool number = reader.wire_type() == pbf_wire_type::varint;
    std::optional<Failure> failure;
    if (bytes && tag == field::kTarget) {
      if (view.target.module || view.target.handle) {
        return InvalidRequest("target", "given twice");
      }
      const protozero::data_view message = reader.get_view();
      failure = ParseTarget({message.data(), message.size()}, view.target);
    } else if (bytes && tag == field::kMaxTime) {
      failure = ParseMaxTime(reader.get_message(), view.max_time);
    } else if (number && tag == field::kBegin) {
      view.begin = reader.get_uint64() != 0;
    } else if (number && tag == field::kMaxItems) {
      const uint32_t count = reader.get_uint32();
      if (count != 0) view.max_items = count;
    } else if (number && tag == field::kMaxBytes) {
      const uint64_t size = reader.get_uint64();
      if (size != 0) view.max_bytes = size;
    } else {
      reader.skip();
    }
    if (failure) return failure;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> ParseNextRequest(std::string_view payload,
                                        NextRequestView& view) {
  try {
    const pbf_reader reader(payload.data(), payload.size());
    if (auto failure = ParseFields(reader, view)) return failure;
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  if (!view.target.module && !view.target.handle) {
    return InvalidRequest("target", "has neither module nor handle");
  }
  return std::nullopt;
}

}  // namespace envknit
