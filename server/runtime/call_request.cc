#include "server/runtime/call_request.h"

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/value_schema.h"
#include "server/runtime/runtime_schema.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr std::size_t kMaxKeywords = 255;
// More fields than any message within the limit of elements needs.
constexpr std::size_t kMaxArgs = 1'000'000;
constexpr std::size_t kMaxSteps = 1'000;

std::string_view Bytes(pbf_reader& reader) {
  const protozero::data_view view = reader.get_view();
  return {view.data(), view.size()};
}

bool IsBytes(const pbf_reader& reader) {
  return reader.wire_type() == pbf_wire_type::length_delimited;
}

std::optional<Failure> ParseStep(pbf_reader reader, TargetView& target) {
  std::optional<TargetView::Step> step;
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    if (!IsBytes(reader) ||
        (tag != schema::step::kAttr && tag != schema::step::kItem)) {
      reader.skip();
      continue;
    }
    if (step) return InvalidRequest("target.steps", "a step with two kinds");
    step = TargetView::Step{tag == schema::step::kAttr, Bytes(reader)};
  }
  if (!step) return InvalidRequest("target.steps", "a step without a kind");
  if (target.steps.size() == kMaxSteps) {
    return InvalidRequest("target.steps", "more than 1,000 steps");
  }
  target.steps.push_back(*step);
  return std::nullopt;
}

std::optional<Failure> ParseRoot(pbf_reader reader, TargetView& target) {
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    if (!IsBytes(reader)) {
      reader.skip();
    } else if (tag == schema::target::kModule ||
               tag == schema::target::kHandle) {
      if (target.module || target.handle) {
        return InvalidRequest("target", "more than one root");
      }
      (tag == schema::target::kModule ? target.module : target.handle) =
          Bytes(reader);
    } else if (tag == schema::target::kPath) {
      target.path = Bytes(reader);
    } else if (tag == schema::target::kSteps) {
      if (auto failure = ParseStep(reader.get_message(), target)) {
        return failure;
      }
    } else {
      reader.skip();
    }
  }
  return std::nullopt;
}

std::optional<Failure> ParseKeyword(pbf_reader reader, CallRequestView& view) {
  // Without the field, it is the empty one, which Python takes too.
  std::string_view name;
  std::optional<std::string_view> value;
  while (reader.next()) {
    if (IsBytes(reader) && reader.tag() == schema::keyword::kName) {
      name = Bytes(reader);
    } else if (IsBytes(reader) && reader.tag() == schema::keyword::kValue) {
      if (value) return InvalidRequest("kwargs", "a keyword with two values");
      value = Bytes(reader);
    } else {
      reader.skip();
    }
  }
  if (!value) return InvalidRequest("kwargs", "a keyword without value");
  if (view.kwargs.size() == kMaxKeywords) {
    return Failure{StatusCode::kResourceExhausted,
                   "LIMIT_EXCEEDED",
                   "more than 255 keyword arguments",
                   {{"limit", "kwargs"}}};
  }
  for (const auto& [other, ignored] : view.kwargs) {
    if (other == name) return InvalidRequest("kwargs", "a name twice");
  }
  view.kwargs.emplace_back(name, *value);
  return std::nullopt;
}

std::optional<Failure> ParseFields(pbf_reader reader, CallRequestView& view) {
  namespace field = schema::call_request;
  bool has_target = false;
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    std::optional<Failure> failure;
    if (tag == field::kWant && reader.wire_type() == pbf_wire_type::varint) {
      view.want = static_cast<Want>(reader.get_uint32());
    } else if (!IsBytes(reader)) {
      reader.skip();
    } else if (tag == field::kTarget) {
      if (has_target) return InvalidRequest("target", "given twice");
      has_target = true;
      failure = ParseRoot(reader.get_message(), view.target);
    } else if (tag == field::kArgs) {
      if (view.args.size() == kMaxArgs) {
        return InvalidRequest("args", "too many");
      }
      view.args.push_back(Bytes(reader));
    } else if (tag == field::kKwargs) {
      failure = ParseKeyword(reader.get_message(), view);
    } else if (tag == field::kJsonArgs) {
      if (view.json_args) return InvalidRequest("json_args", "given twice");
      view.json_args = Bytes(reader);
    } else if (tag == field::kJsonKwargs) {
      if (view.json_kwargs) return InvalidRequest("json_kwargs", "given twice");
      view.json_kwargs = Bytes(reader);
    } else {
      reader.skip();
    }
    if (failure) return failure;
  }
  return std::nullopt;
}

std::optional<Failure> CheckRoot(const TargetView& target) {
  if (target.module || target.handle) return std::nullopt;
  return InvalidRequest("target", "has neither module nor handle");
}

std::optional<Failure> CheckFields(const CallRequestView& view) {
  if (auto failure = CheckRoot(view.target)) return failure;
  if (view.want > Want::kCopy) return InvalidRequest("want", "unknown");
  const bool typed = !view.args.empty() || !view.kwargs.empty();
  if (typed && (view.json_args || view.json_kwargs)) {
    return InvalidRequest(view.json_args ? "json_args" : "json_kwargs",
                          "not together with args or kwargs");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> ParseTarget(std::string_view message,
                                   TargetView& target) {
  try {
    if (auto failure =
            ParseRoot(pbf_reader(message.data(), message.size()), target)) {
      return failure;
    }
  } catch (const protozero::exception&) {
    return InvalidRequest("target", "not a valid message");
  }
  return CheckRoot(target);
}

void CallRequestView::Clear() {
  target.module.reset();
  target.handle.reset();
  target.path = {};
  target.steps.clear();
  want = Want::kUnspecified;
  args.clear();
  kwargs.clear();
  json_args.reset();
  json_kwargs.reset();
}

std::optional<Failure> ParseCallRequest(std::string_view payload,
                                        CallRequestView& view) {
  view.Clear();
  try {
    const pbf_reader reader(payload.data(), payload.size());
    if (auto failure = ParseFields(reader, view)) return failure;
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  return CheckFields(view);
}

std::optional<Failure> ParseImportRequest(std::string_view payload,
                                          std::string_view& module) {
  module = {};
  try {
    pbf_reader reader(payload.data(), payload.size());
    while (reader.next()) {
      if (IsBytes(reader) && reader.tag() == schema::import_request::kModule) {
        module = Bytes(reader);
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  return std::nullopt;
}

std::optional<Failure> ParseReleaseRequest(std::string_view payload,
                                           ReleaseView& view) {
  namespace field = schema::release_request;
  try {
    pbf_reader reader(payload.data(), payload.size());
    while (reader.next()) {
      const bool varint = reader.wire_type() == pbf_wire_type::varint;
      const uint32_t tag = reader.tag();
      if (tag == field::kEpoch && varint) {
        view.epoch = reader.get_uint64();
      } else if (tag == field::kIds && varint) {
        view.ids.push_back(reader.get_uint64());
      } else if (tag == field::kIds && IsBytes(reader)) {
        for (const uint64_t id : reader.get_packed_uint64()) {
          view.ids.push_back(id);
        }
      } else if (tag == field::kRanges && IsBytes(reader)) {
        std::pair<uint64_t, uint32_t> range = {0, 0};
        pbf_reader inner = reader.get_message();
        while (inner.next()) {
          const bool number = inner.wire_type() == pbf_wire_type::varint;
          if (number && inner.tag() == schema::handle_range::kFirstId) {
            range.first = inner.get_uint64();
          } else if (number && inner.tag() == schema::handle_range::kCount) {
            range.second = inner.get_uint32();
          } else {
            inner.skip();
          }
        }
        view.ranges.push_back(range);
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
  return std::nullopt;
}

}  // namespace envknit
