#include "server/rpc/attach_request.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

constexpr uint32_t kVarint = 0;
constexpr uint32_t kDelimited = 2;

struct Tag {
  uint32_t field = 0;
  uint32_t wire_type = 0;
};

bool ReadTag(ChunkReader& reader, Tag* tag) {
  uint64_t value = 0;
  if (!reader.ReadVarint(&value) || value > UINT32_MAX) return false;
  tag->field = static_cast<uint32_t>(value >> 3);
  tag->wire_type = static_cast<uint32_t>(value & 7);
  return tag->field != 0;
}

// The fields a kind of request has beside scalars.
struct Fields {
  uint64_t numbers[8] = {};
  // Of field 4 of a call.
  std::string duration;
  bool has_duration = false;
  // The one `bytes` or message field that is kept as it is.
  std::string bytes;
};

// Reads one request whose field `bytes_field` is kept; 0 for none.
bool ReadFields(ChunkReader& reader, std::size_t size, uint32_t bytes_field,
                Fields& fields) {
  const std::size_t end = reader.remaining() - size;
  while (reader.remaining() > end) {
    Tag tag;
    if (!ReadTag(reader, &tag)) return false;
    bool ok = false;
    if (tag.wire_type == kVarint && tag.field < 8) {
      ok = reader.ReadVarint(&fields.numbers[tag.field]);
    } else if (tag.wire_type == kDelimited && tag.field == bytes_field) {
      ok = reader.ReadDelimited(&fields.bytes);
    } else if (tag.wire_type == kDelimited && tag.field == 4) {
      ok = reader.ReadDelimited(&fields.duration);
      fields.has_duration = true;
    } else {
      ok = reader.SkipValue(tag.wire_type);
    }
    // A length that reached beyond this message into the next field is wrong,
    // though its bytes exist.
    if (!ok || reader.remaining() < end) return false;
  }
  return true;
}

absl::StatusOr<CallKind> ParseMethod(uint64_t number) {
  switch (number) {
    case 1:
      return CallKind::kImport;
    case 2:
      return CallKind::kGetAttr;
    case 3:
      return CallKind::kCall;
    case 4:
      return CallKind::kRelease;
    case 5:
      return CallKind::kSetAttr;
    case 6:
      return CallKind::kDelAttr;
    case 7:
      return CallKind::kFetch;
    case 8:
      return CallKind::kPut;
    case 9:
      return CallKind::kNext;
    case 10:
      return CallKind::kDescribe;
    case 11:
      return CallKind::kExecute;
    case 12:
      return CallKind::kTryImport;
    default:
      return MalformedField("call.method", absl::StrCat("no method ", number));
  }
}

absl::StatusOr<AttachRequestKind> MakeCall(Fields fields) {
  AttachCallRequest call;
  absl::StatusOr<CallKind> kind = ParseMethod(fields.numbers[2]);
  if (!kind.ok()) return kind.status();
  call.kind = *kind;
  if (fields.has_duration) {
    absl::StatusOr<absl::Duration> timeout =
        ReadDuration(fields.duration, "call.timeout");
    if (!timeout.ok()) return timeout.status();
    call.timeout = *timeout;
  }
  call.call_id = fields.numbers[1];
  call.session_number = static_cast<uint32_t>(fields.numbers[3]);
  call.idempotent = fields.numbers[5] != 0;
  call.body = std::move(fields.bytes);
  return AttachRequestKind(std::move(call));
}

absl::StatusOr<AttachRequestKind> MakeRequest(uint32_t kind, Fields fields) {
  const uint64_t call_id = fields.numbers[1];
  switch (kind) {
    case 1:
      return MakeCall(std::move(fields));
    case 2:
      return AttachRequestKind(AttachCancelRequest{call_id});
    case 3:
      return AttachRequestKind(
          AttachOpenRequest{call_id, static_cast<uint32_t>(fields.numbers[3]),
                            std::move(fields.bytes)});
    default:
      return AttachRequestKind(AttachCloseRequest{
          call_id, static_cast<uint32_t>(fields.numbers[2])});
  }
}

// Field of the kind's message that is kept as bytes.
uint32_t BytesField(uint32_t kind) {
  if (kind == 1) return 6;
  if (kind == 3) return 2;
  return 0;
}

}  // namespace

absl::StatusOr<AttachRequestKind> ParseAttachRequest(
    absl::Span<const absl::string_view> chunks) {
  ChunkReader reader(chunks);
  uint32_t kind = 0;
  Fields fields;
  while (reader.remaining() > 0) {
    Tag tag;
    std::size_t size = 0;
    if (!ReadTag(reader, &tag)) {
      return MalformedField("request", "not a protobuf message");
    }
    if (tag.field < 1 || tag.field > 4) {
      if (!reader.SkipValue(tag.wire_type)) {
        return MalformedField("request", "not a protobuf message");
      }
      continue;
    }
    kind = tag.field;
    // As protobuf has it, the last one of a oneof counts.
    fields = Fields();
    if (tag.wire_type != kDelimited || !reader.ReadLength(&size) ||
        !ReadFields(reader, size, BytesField(kind), fields)) {
      return MalformedField("request", "not an AttachRequest");
    }
  }
  if (kind == 0) return MalformedField("kind", "none is set");
  return MakeRequest(kind, std::move(fields));
}

}  // namespace envknit
