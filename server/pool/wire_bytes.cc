#include "server/pool/wire_bytes.h"

#include "absl/types/optional.h"

namespace envknit {
namespace {

enum WireType : uint64_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5
};

constexpr uint64_t Tag(uint64_t field, WireType type) {
  return field << 3 | type;
}

void AppendVarint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) {
    out->push_back(static_cast<char>(value | 0x80));
  }
  out->push_back(static_cast<char>(value));
}

absl::optional<uint64_t> ReadVarint(absl::string_view* in) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return absl::nullopt;
}

// Bytes of a field's value after its tag; nullopt if there are none such.
absl::optional<uint64_t> ValueSize(uint64_t type, absl::string_view* in) {
  switch (type) {
    case kVarint:
      return ReadVarint(in) ? absl::optional<uint64_t>(0) : absl::nullopt;
    case kFixed64:
      return 8;
    case kBytes:
      return ReadVarint(in);
    case kFixed32:
      return 4;
    default:
      return absl::nullopt;
  }
}

void AppendBytes(std::string* out, uint64_t field, absl::string_view bytes) {
  AppendVarint(out, Tag(field, kBytes));
  AppendVarint(out, bytes.size());
  out->append(bytes.data(), bytes.size());
}

// Field numbers of TryImportRequest and TryImportResponse.
constexpr uint64_t kModuleField = 9;
constexpr uint64_t kVerdictField = 2;
constexpr uint64_t kReasonField = 3;

}  // namespace

std::string EncodeRelease(Epoch epoch, uint64_t first_handle, uint32_t count) {
  std::string range;
  AppendVarint(&range, Tag(1, kVarint));
  AppendVarint(&range, first_handle);
  AppendVarint(&range, Tag(2, kVarint));
  AppendVarint(&range, count);

  std::string out;
  AppendVarint(&out, Tag(9, kVarint));
  AppendVarint(&out, epoch);
  AppendVarint(&out, Tag(11, kBytes));
  AppendVarint(&out, range.size());
  return out + range;
}

bool IsSuccessfulImport(absl::string_view response) {
  constexpr uint64_t kModule = Tag(1, kBytes);
  constexpr uint64_t kException = Tag(2, kBytes);
  bool module = false;
  while (!response.empty()) {
    const auto tag = ReadVarint(&response);
    if (!tag) return false;
    const auto size = ValueSize(*tag & 7, &response);
    if (!size || *size > response.size()) return false;
    response.remove_prefix(*size);
    // Of a oneof the last one counts.
    if (*tag == kModule) module = true;
    if (*tag == kException) module = false;
  }
  return module;
}

std::string EncodeTryImport(absl::string_view module) {
  std::string out;
  AppendBytes(&out, kModuleField, module);
  return out;
}

TryImportReply DecodeTryImport(absl::string_view response) {
  TryImportReply reply;
  while (!response.empty()) {
    const auto tag = ReadVarint(&response);
    if (!tag) return {};
    if (*tag == Tag(kVerdictField, kVarint)) {
      const auto verdict = ReadVarint(&response);
      if (!verdict) return {};
      reply.verdict = *verdict <= 3
                          ? static_cast<TryImportReply::Verdict>(*verdict)
                          : TryImportReply::Verdict::kUnknown;
      continue;
    }
    const auto size = ValueSize(*tag & 7, &response);
    if (!size || *size > response.size()) return {};
    if (*tag == Tag(kReasonField, kBytes)) {
      reply.reason = std::string(response.substr(0, *size));
    }
    response.remove_prefix(*size);
  }
  return reply;
}

std::string EncodeIncompatible(absl::string_view reason) {
  std::string out;
  AppendVarint(&out, Tag(kVerdictField, kVarint));
  AppendVarint(&out,
               static_cast<uint64_t>(TryImportReply::Verdict::kIncompatible));
  AppendBytes(&out, kReasonField, reason);
  return out;
}

}  // namespace envknit
