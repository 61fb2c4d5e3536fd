#include "server/worker/control_messages.h"

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "server/base/annotated_status.h"
#include "server/worker/bounded_text.h"

namespace envknit {
namespace {

// An error travels in HTTP/2 trailers, for which clients take 8 KiB by default.
constexpr std::size_t kMaxMessageBytes = 2048;
constexpr std::size_t kMaxMetadataBytes = 1024;
constexpr std::size_t kMaxMetadataEntries = 16;
constexpr std::size_t kMaxVersionBytes = 64;

protozero::data_view View(absl::string_view text) {
  return {text.data(), text.size()};
}

absl::string_view View(protozero::data_view text) {
  return {text.data(), text.size()};
}

void ParseMetadata(protozero::pbf_reader entry, ErrorMetadata& metadata) {
  std::string key;
  std::string value;
  while (entry.next()) {
    switch (entry.tag_and_type()) {
      case protozero::tag_and_type(1,
                                   protozero::pbf_wire_type::length_delimited):
        key = BoundedText(View(entry.get_view()), kMaxVersionBytes);
        break;
      case protozero::tag_and_type(2,
                                   protozero::pbf_wire_type::length_delimited):
        value = BoundedText(View(entry.get_view()), kMaxMetadataBytes);
        break;
      default:
        entry.skip();
    }
  }
  if (metadata.size() < kMaxMetadataEntries) {
    metadata.emplace(std::move(key), std::move(value));
  }
}

absl::Status BadFailure(absl::string_view what) {
  return MakeError(ErrorReason::kInternal,
                   absl::StrCat("the worker failed and ", what),
                   {{"what", std::string(what)}});
}

}  // namespace

absl::optional<HelloMessage> ParseHello(absl::string_view payload) {
  HelloMessage hello;
  try {
    protozero::pbf_reader reader(View(payload));
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case protozero::tag_and_type(1, protozero::pbf_wire_type::varint):
          hello.protocol = reader.get_uint32();
          break;
        case protozero::tag_and_type(2, protozero::pbf_wire_type::varint):
          hello.pid = reader.get_int32();
          break;
        case protozero::tag_and_type(
            3, protozero::pbf_wire_type::length_delimited):
          hello.python = BoundedText(View(reader.get_view()), kMaxVersionBytes);
          break;
        case protozero::tag_and_type(
            4, protozero::pbf_wire_type::length_delimited):
          hello.soabi = BoundedText(View(reader.get_view()), kMaxVersionBytes);
          break;
        default:
          reader.skip();
      }
    }
  } catch (const std::exception&) {
    return absl::nullopt;
  }
  return hello;
}

std::string SerializeConfigure(const ConfigureMessage& message) {
  std::string limits;
  protozero::pbf_writer limits_writer(limits);
  limits_writer.add_uint64(1, message.limits.message_bytes);
  limits_writer.add_uint32(2, message.limits.depth);
  limits_writer.add_uint32(3, message.limits.elements);
  limits_writer.add_uint32(4, message.limits.traceback_bytes);
  limits_writer.add_uint64(5, message.limits.handles);
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_uint64(1, message.epoch);
  for (const std::string& path : message.install_paths) {
    writer.add_string(2, path);
  }
  writer.add_string(3, message.runtime_dir);
  writer.add_message(4, limits);
  writer.add_string(5, message.environment);
  writer.add_string(6, message.instance);
  return bytes;
}

absl::Status ParseFailure(absl::string_view payload) {
  std::string reason_name;
  std::string message;
  ErrorMetadata metadata;
  try {
    protozero::pbf_reader reader(View(payload));
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case protozero::tag_and_type(
            2, protozero::pbf_wire_type::length_delimited):
          reason_name = BoundedText(View(reader.get_view()), kMaxVersionBytes);
          break;
        case protozero::tag_and_type(
            3, protozero::pbf_wire_type::length_delimited):
          message = BoundedText(View(reader.get_view()), kMaxMessageBytes);
          break;
        case protozero::tag_and_type(
            4, protozero::pbf_wire_type::length_delimited):
          ParseMetadata(reader.get_message(), metadata);
          break;
        default:
          reader.skip();
      }
    }
  } catch (const std::exception&) {
    return BadFailure("its error can't be read");
  }
  const absl::optional<ErrorReason> reason = ParseErrorReason(reason_name);
  if (!reason.has_value()) {
    return BadFailure(
        absl::StrCat("named no known reason ('", reason_name, "'): ", message));
  }
  return MakeError(*reason, message, std::move(metadata));
}

}  // namespace envknit
