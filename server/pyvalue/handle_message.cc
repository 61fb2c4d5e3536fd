#include "server/pyvalue/handle_message.h"

#include <string>

#include "protozero/exception.hpp"
#include "protozero/pbf_reader.hpp"

#include "server/pyvalue/value_schema.h"

namespace envknit {
namespace {

namespace field = schema::handle;

constexpr std::size_t kMaxDimensions = 64;

void ReadTensorMeta(protozero::pbf_reader reader, TensorMetaFields& meta) {
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case protozero::tag_and_type(schema::tensor_meta::kTypestr,
                                   protozero::pbf_wire_type::length_delimited):
        meta.typestr = reader.get_string();
        break;
      case protozero::tag_and_type(schema::tensor_meta::kShape,
                                   protozero::pbf_wire_type::length_delimited):
        for (const uint64_t extent : reader.get_packed_uint64()) {
          meta.shape.push_back(extent);
          if (meta.shape.size() > kMaxDimensions) break;
        }
        break;
      case protozero::tag_and_type(schema::tensor_meta::kShape,
                                   protozero::pbf_wire_type::varint):
        meta.shape.push_back(reader.get_uint64());
        break;
      default:
        reader.skip();
    }
    if (meta.shape.size() > kMaxDimensions) throw protozero::exception();
  }
}

}  // namespace

void WriteHandle(ByteWriter& out, uint32_t number, const HandleFields& handle) {
  out.Close(OpenHandle(out, number, handle));
}

std::size_t OpenHandle(ByteWriter& out, uint32_t number,
                       const HandleFields& handle) {
  const std::size_t mark = out.Open(number);
  out.VarintField(field::kId, handle.id);
  if (handle.epoch != 0) out.VarintField(field::kEpoch, handle.epoch);
  if (handle.type_id != 0) out.VarintField(field::kTypeId, handle.type_id);
  if (handle.length) out.VarintField(field::kLength, *handle.length);
  if (handle.tensor) {
    const std::size_t meta = out.Open(field::kTensor);
    out.TextField(schema::tensor_meta::kTypestr, handle.tensor->typestr);
    if (!handle.tensor->shape.empty()) {
      const std::size_t shape = out.Open(schema::tensor_meta::kShape);
      for (const uint64_t extent : handle.tensor->shape) out.Varint(extent);
      out.Close(shape);
    }
    out.Close(meta);
  }
  if (handle.object_id != 0) {
    out.VarintField(field::kObjectId, handle.object_id);
  }
  return mark;
}

bool ReadHandle(std::string_view bytes, HandleFields& handle,
                CodecError& error) {
  using protozero::pbf_wire_type;
  try {
    protozero::pbf_reader reader(bytes.data(), bytes.size());
    while (reader.next()) {
      if (reader.wire_type() == pbf_wire_type::varint) {
        const uint32_t tag = reader.tag();
        const uint64_t number = reader.get_uint64();
        if (tag == field::kId) handle.id = number;
        if (tag == field::kEpoch) handle.epoch = number;
        if (tag == field::kTypeId) {
          handle.type_id = static_cast<uint32_t>(number);
        }
        if (tag == field::kLength) handle.length = number;
        if (tag == field::kObjectId) handle.object_id = number;
      } else if (reader.tag() == field::kTensor &&
                 reader.wire_type() == pbf_wire_type::length_delimited) {
        if (!handle.tensor) handle.tensor.emplace();
        ReadTensorMeta(reader.get_message(), *handle.tensor);
      } else {
        reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    return error.Malformed("not a Handle message");
  }
  if (handle.id == 0) return error.Malformed("a handle without id");
  return true;
}

}  // namespace envknit
