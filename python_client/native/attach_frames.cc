#include "python_client/native/attach_frames.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "python_client/native/wire_append.h"
#include "python_client/native/wire_view.h"

namespace envknit::native {
namespace {

// Field numbers of attach.proto.
constexpr uint32_t kRequestCall = 1;
constexpr uint32_t kRequestCancel = 2;
constexpr uint32_t kRequestOpen = 3;
constexpr uint32_t kRequestClose = 4;
constexpr uint32_t kOpenRequest = 2;
constexpr uint32_t kOpenSessionNumber = 3;
constexpr uint32_t kCloseSessionNumber = 2;
constexpr uint32_t kCallMethod = 2;
constexpr uint32_t kCallSessionNumber = 3;
constexpr uint32_t kCallTimeout = 4;
constexpr uint32_t kCallIdempotent = 5;
constexpr uint32_t kCallBody = 6;
constexpr uint32_t kHelloMaxBodyBytes = 3;

// `inner` plus `following` more bytes make up the message in `field`.
std::string Wrap(uint32_t field, const std::string& inner, size_t following) {
  std::string head;
  head.reserve(inner.size() + 12);
  AppendBytesHead(&head, field, inner.size() + following);
  head.append(inner);
  return head;
}

}  // namespace

std::string EncodeHead(const AttachFrame& frame, uint64_t call_id) {
  std::string inner;
  if (call_id != 0) AppendVarintField(&inner, 1, call_id);
  switch (frame.kind) {
    case FrameKind::kCancel: {
      std::string cancel;
      AppendVarintField(&cancel, 1, frame.target_call_id);
      return Wrap(kRequestCancel, cancel, 0);
    }
    case FrameKind::kClose:
      AppendVarintField(&inner, kCloseSessionNumber, frame.session_number);
      return Wrap(kRequestClose, inner, 0);
    case FrameKind::kOpen:
      AppendVarintField(&inner, kOpenSessionNumber, frame.session_number);
      AppendBytesHead(&inner, kOpenRequest, frame.body.size());
      return Wrap(kRequestOpen, inner, frame.body.size());
    case FrameKind::kCall:
      break;
  }
  AppendVarintField(&inner, kCallMethod, static_cast<uint32_t>(frame.method));
  AppendVarintField(&inner, kCallSessionNumber, frame.session_number);
  AppendDurationField(&inner, kCallTimeout, frame.timeout);
  if (frame.idempotent) AppendVarintField(&inner, kCallIdempotent, 1);
  AppendBytesHead(&inner, kCallBody, frame.body.size());
  return Wrap(kRequestCall, inner, frame.body.size());
}

bool ParseReply(std::string_view bytes, AttachReply* reply) {
  try {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case protozero::tag_and_type(1, protozero::pbf_wire_type::varint):
          reply->call_id = reader.get_uint64();
          break;
        case protozero::tag_and_type(
            2, protozero::pbf_wire_type::length_delimited):
          reply->kind = AttachReply::Kind::kBody;
          reply->payload = View(reader.get_view());
          break;
        case protozero::tag_and_type(
            3, protozero::pbf_wire_type::length_delimited):
          reply->kind = AttachReply::Kind::kError;
          reply->payload = View(reader.get_view());
          break;
        case protozero::tag_and_type(
            4, protozero::pbf_wire_type::length_delimited):
          reply->kind = AttachReply::Kind::kOpened;
          reply->payload = View(reader.get_view());
          break;
        case protozero::tag_and_type(
            5, protozero::pbf_wire_type::length_delimited):
          reply->kind = AttachReply::Kind::kHello;
          reply->payload = View(reader.get_view());
          break;
        case protozero::tag_and_type(
            6, protozero::pbf_wire_type::length_delimited):
          reply->info = View(reader.get_view());
          break;
        case protozero::tag_and_type(7, protozero::pbf_wire_type::varint):
          reply->execution_us = reader.get_uint32();
          break;
        default:
          reader.skip();
      }
    }
    return true;
  } catch (const protozero::exception&) {
    return false;
  }
}

uint64_t ParseHelloLimit(std::string_view hello) {
  try {
    protozero::pbf_reader reader(hello.data(), hello.size());
    if (reader.next(kHelloMaxBodyBytes, protozero::pbf_wire_type::varint)) {
      return reader.get_uint64();
    }
  } catch (const protozero::exception&) {
    // Then the default holds.
  }
  return 0;
}

}  // namespace envknit::native
