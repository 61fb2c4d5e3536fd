#include "server/runtime/handshake.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/frame/blocking_io.h"
#include "server/frame/frame_header.h"
#include "server/pyvalue/byte_writer.h"
#include "server/runtime/runtime_schema.h"

namespace envknit {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr uint32_t kProtocol = 1;

void ReadLimits(pbf_reader reader, WorkerSettings& settings) {
  ValueLimits& limits = settings.limits;
  while (reader.next()) {
    if (reader.wire_type() != pbf_wire_type::varint) {
      reader.skip();
      continue;
    }
    const uint32_t tag = reader.tag();
    const uint64_t number = reader.get_uint64();
    // 0 leaves the default.
    if (number == 0) continue;
    if (tag == schema::limits::kMessageBytes) {
      limits.message_bytes = static_cast<std::size_t>(number);
      // One sixteenth is left for the envelope and what is added to a value.
      limits.auto_bytes = limits.message_bytes / 16 * 15;
    } else if (tag == schema::limits::kDepth) {
      limits.depth = static_cast<uint32_t>(number);
    } else if (tag == schema::limits::kElements) {
      limits.elements = static_cast<uint32_t>(number);
    } else if (tag == schema::limits::kTracebackBytes) {
      settings.traceback_bytes = static_cast<std::size_t>(number);
    } else if (tag == schema::limits::kHandles) {
      settings.handles = number;
    }
  }
}

// Throws protozero's exceptions.
WorkerSettings ReadConfigure(std::string_view payload,
                             WorkerSettings settings) {
  namespace field = schema::configure;
  pbf_reader reader(payload.data(), payload.size());
  while (reader.next()) {
    const bool bytes = reader.wire_type() == pbf_wire_type::length_delimited;
    const uint32_t tag = reader.tag();
    if (tag == field::kEpoch && reader.wire_type() == pbf_wire_type::varint) {
      settings.epoch = reader.get_uint64();
    } else if (tag == field::kInstallPaths && bytes) {
      settings.install_paths.push_back(reader.get_string());
    } else if (tag == field::kRuntimeDir && bytes) {
      settings.runtime_dir = reader.get_string();
    } else if (tag == field::kLimits && bytes) {
      ReadLimits(reader.get_message(), settings);
    } else {
      reader.skip();
    }
  }
  return settings;
}

Result<void> Send(int control_fd, FrameKind kind, std::string_view payload,
                  uint16_t interpreter = 0) {
  FrameHeader header;
  header.kind = kind;
  header.interpreter = interpreter;
  return WriteFrame(control_fd, header, payload);
}

}  // namespace

Result<WorkerSettings> ExchangeHello(int control_fd, FrameReader& reader,
                                     std::string_view python,
                                     std::string_view soabi) {
  ByteWriter hello;
  hello.VarintField(schema::hello::kProtocol, kProtocol);
  hello.VarintField(schema::hello::kPid, static_cast<uint64_t>(::getpid()));
  hello.TextField(schema::hello::kPython, python);
  hello.TextField(schema::hello::kSoabi, soabi);
  Result<void> sent = Send(control_fd, FrameKind::kHello, hello.view());
  if (!sent.ok()) return std::move(sent).error();
  Result<std::optional<Frame>> read = ReadFrame(control_fd, reader);
  if (!read.ok()) return std::move(read).error();
  if (!read->has_value()) {
    return Error{StatusCode::kUnavailable, "the daemon closed the channel"};
  }
  if ((*read)->header.kind != FrameKind::kConfigure) {
    return Error{StatusCode::kInvalidArgument, "expected CONFIGURE"};
  }
  return ParseConfigure((*read)->payload, {});
}

Result<WorkerSettings> ParseConfigure(std::string_view payload,
                                      WorkerSettings settings) {
  try {
    return ReadConfigure(payload, std::move(settings));
  } catch (const protozero::exception&) {
    return Error{StatusCode::kInvalidArgument, "CONFIGURE is not valid"};
  }
}

Result<void> SendReady(int control_fd, uint16_t interpreter) {
  return Send(control_fd, FrameKind::kReady, {}, interpreter);
}

Result<void> SendStartFailed(int control_fd, const Failure& failure,
                             uint16_t interpreter) {
  ByteWriter payload;
  WriteFailure(payload, failure);
  return Send(control_fd, FrameKind::kStartFailed, payload.view(), interpreter);
}

}  // namespace envknit
