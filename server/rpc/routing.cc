#include "server/rpc/routing.h"

#include <cstddef>
#include <exception>

#include "absl/strings/str_cat.h"
#include "protozero/pbf_reader.hpp"

#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr std::size_t kMaxTargetBytes = 256;
// The module of an Import or TryImport, the code of an Execute, the target of
// all others.
constexpr uint32_t kTargetField = 9;

bool NamesAModule(CallKind kind) {
  return kind == CallKind::kImport || kind == CallKind::kTryImport;
}

absl::string_view View(const protozero::data_view& data) {
  return absl::string_view(data.data(), data.size());
}

const char* RoutingFieldName(uint32_t tag) {
  switch (tag) {
    case 1:
      return "environment";
    case 2:
      return "session";
    case 3:
      return "timeout";
    case 4:
      return "call_id";
    case 5:
      return "idempotent";
    case 6:
      return "isolation";
    case 7:
      return "start_timeout";
    default:
      return "";
  }
}

// What the field must be encoded as; fields 4 to 6 are numbers.
pbf_wire_type RoutingWireType(uint32_t tag) {
  return tag >= 4 && tag <= 6 ? pbf_wire_type::varint
                              : pbf_wire_type::length_delimited;
}

// Throws what protozero throws.
std::string DescribeTarget(CallKind kind, pbf_reader& reader) {
  std::string root;
  std::string path;
  if (NamesAModule(kind)) {
    root = std::string(View(reader.get_view()));
  } else if (kind == CallKind::kExecute) {
    // Source text is nobody's business in a log.
    reader.skip();
    root = "Execute";
  } else {
    pbf_reader target = reader.get_message();
    while (target.next()) {
      if (target.wire_type() != pbf_wire_type::length_delimited) {
        target.skip();
        continue;
      }
      // Before the value: a debug build forgets the tag once it is read.
      const uint32_t tag = target.tag();
      const absl::string_view value = View(target.get_view());
      if (tag == 1) root = std::string(value);
      if (tag == 2) root = "handle";
      if (tag == 3) path = std::string(value);
    }
  }
  if (!path.empty()) absl::StrAppend(&root, ".", path);
  if (root.size() > kMaxTargetBytes) root.resize(kMaxTargetBytes);
  return root;
}

absl::Status ReadRoutingField(pbf_reader& reader, Routing& routing) {
  const uint32_t tag = reader.tag();
  if (reader.wire_type() != RoutingWireType(tag)) {
    return MalformedField(RoutingFieldName(tag), "wrong wire type");
  }
  switch (tag) {
    case 1:
      // A message field that is there twice is both, merged.
      absl::StrAppend(&routing.environment, View(reader.get_view()));
      return absl::OkStatus();
    case 2:
      routing.session = std::string(View(reader.get_view()));
      return absl::OkStatus();
    case 4:
      routing.call_id = reader.get_uint64();
      return absl::OkStatus();
    case 5:
      routing.idempotent = reader.get_uint64() != 0;
      return absl::OkStatus();
    case 6: {
      absl::StatusOr<IsolationRequest> kind =
          ParseIsolation(reader.get_int64());
      if (!kind.ok()) return kind.status();
      routing.isolation = *kind;
      return absl::OkStatus();
    }
    default: {
      absl::StatusOr<absl::Duration> duration =
          ReadDuration(View(reader.get_view()), RoutingFieldName(tag));
      if (!duration.ok()) return duration.status();
      (tag == 3 ? routing.timeout : routing.start_timeout) = *duration;
      return absl::OkStatus();
    }
  }
}

}  // namespace

bool IsIdempotentByNature(CallKind kind) {
  return kind == CallKind::kImport || kind == CallKind::kTryImport ||
         kind == CallKind::kDescribe || kind == CallKind::kRelease;
}

absl::StatusOr<IsolationRequest> ParseIsolation(int64_t number) {
  switch (number) {
    case 0:
      // Unspecified leaves the choice to us: what runs every package.
    case 1:
      return IsolationRequest::kProcess;
    case 2:
      return IsolationRequest::kSubinterpreter;
    case 3:
      return IsolationRequest::kAuto;
    default:
      return MalformedField("isolation",
                            absl::StrCat("no isolation kind ", number));
  }
}

absl::StatusOr<Routing> ParseRouting(CallKind kind, absl::string_view request) {
  Routing routing;
  // The field that is being read, for the error.
  absl::string_view field = "request";
  try {
    pbf_reader reader(request.data(), request.size());
    while (reader.next()) {
      const uint32_t tag = reader.tag();
      if (tag <= 7) {
        field = RoutingFieldName(tag);
        absl::Status status = ReadRoutingField(reader, routing);
        if (!status.ok()) return status;
      } else if (tag == kTargetField &&
                 reader.wire_type() == pbf_wire_type::length_delimited) {
        field = NamesAModule(kind) ? "module" : "target";
        routing.target = DescribeTarget(kind, reader);
      } else {
        reader.skip();
      }
      field = "request";
    }
  } catch (const std::exception& error) {
    return MalformedField(field, error.what());
  }
  return routing;
}

std::string ParseTarget(CallKind kind, absl::string_view request) {
  try {
    pbf_reader reader(request.data(), request.size());
    if (reader.next(kTargetField, pbf_wire_type::length_delimited)) {
      return DescribeTarget(kind, reader);
    }
  } catch (const std::exception&) {
    // The worker will say what is wrong with it.
  }
  return "";
}

}  // namespace envknit
