#include "server/runtime/transfer_request.h"

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

std::optional<Failure> ReadFetch(pbf_reader reader, FetchRequestView& view) {
  namespace field = schema::fetch_request;
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    const bool delimited =
        reader.wire_type() == pbf_wire_type::length_delimited;
    const bool number = reader.wire_type() == pbf_wire_type::varint;
    if (tag == field::kTarget && delimited) {
      if (view.target) return InvalidRequest("target", "given twice");
      view.target.emplace();
      if (auto failure = ParseTarget(Bytes(reader), *view.target)) {
        return failure;
      }
    } else if (tag == field::kTransfer && delimited) {
      if (view.transfer) return InvalidRequest("transfer", "given twice");
      view.transfer = Bytes(reader);
    } else if (tag == field::kMaxBytes && number) {
      view.max_bytes = reader.get_uint64();
    } else if (tag == field::kOffset && number) {
      view.offset = reader.get_uint64();
    } else {
      reader.skip();
    }
  }
  if (view.target && view.transfer) {
    return InvalidRequest("target", "not together with a transfer");
  }
  if (!view.transfer &&
      !(view.target && (view.target->module || view.target->handle))) {
    return InvalidRequest("target", "has neither module nor handle");
  }
  return std::nullopt;
}

std::optional<Failure> ReadPut(pbf_reader reader, PutRequestView& view) {
  namespace field = schema::put_request;
  while (reader.next()) {
    const uint32_t tag = reader.tag();
    const bool delimited =
        reader.wire_type() == pbf_wire_type::length_delimited;
    const bool number = reader.wire_type() == pbf_wire_type::varint;
    if (tag == field::kTotalBytes && number) {
      view.total_bytes = reader.get_uint64();
    } else if (tag == field::kOffset && number) {
      view.offset = reader.get_uint64();
    } else if (tag == field::kChunk && delimited) {
      view.chunk = Bytes(reader);
    } else if (tag == field::kTransfer && delimited) {
      if (view.transfer) return InvalidRequest("transfer", "given twice");
      view.transfer = Bytes(reader);
    } else {
      reader.skip();
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> ParseFetchRequest(std::string_view payload,
                                         FetchRequestView& view) {
  try {
    return ReadFetch(pbf_reader(payload.data(), payload.size()), view);
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
}

std::optional<Failure> ParsePutRequest(std::string_view payload,
                                       PutRequestView& view) {
  try {
    return ReadPut(pbf_reader(payload.data(), payload.size()), view);
  } catch (const protozero::exception&) {
    return InvalidRequest("request", "not a valid message");
  }
}

}  // namespace envknit
