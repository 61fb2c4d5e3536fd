#include "python_client/native/type_ledger.h"

#include <string_view>
#include <utility>
#include <vector>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

namespace envknit::native {
namespace {

using protozero::pbf_wire_type;
using protozero::tag_and_type;

// Field numbers of outcome.proto, and of every response but Import's.
constexpr uint32_t kInfoEpoch = 2;
constexpr uint32_t kOutcome = 1;
constexpr uint32_t kTypes = 4;
constexpr uint32_t kTypeId = 1;
// Replies that are still to be decoded are of the worker before this one.
constexpr size_t kEpochsKept = 2;

uint64_t ReadEpoch(std::string_view info) {
  uint64_t epoch = 0;
  try {
    protozero::pbf_reader reader(info.data(), info.size());
    while (reader.next(kInfoEpoch, pbf_wire_type::varint))
      epoch = reader.get_uint64();
  } catch (const protozero::exception&) {
    // The caller that waits for it complains.
  }
  return epoch;
}

// 0 if there is none: no type has it.
uint32_t ReadTypeId(std::string_view info) {
  uint32_t type_id = 0;
  protozero::pbf_reader reader(info.data(), info.size());
  while (reader.next(kTypeId, pbf_wire_type::varint))
    type_id = reader.get_uint32();
  return type_id;
}

std::vector<std::pair<uint32_t, std::string>> ReadTypes(
    std::string_view response) {
  std::vector<std::pair<uint32_t, std::string>> types;
  try {
    protozero::pbf_reader body(response.data(), response.size());
    while (body.next(kOutcome, pbf_wire_type::length_delimited)) {
      protozero::pbf_reader outcome = body.get_message();
      while (outcome.next(kTypes, pbf_wire_type::length_delimited)) {
        std::string info = outcome.get_string();
        const uint32_t type_id = ReadTypeId(info);
        if (type_id != 0) types.emplace_back(type_id, std::move(info));
      }
    }
  } catch (const protozero::exception&) {
    // What was read so far still counts.
  }
  return types;
}

}  // namespace

void TypeLedger::Open(uint32_t session_number) {
  std::lock_guard<std::mutex> lock(mu_);
  sessions_[session_number];
}

void TypeLedger::Close(uint32_t session_number) {
  std::lock_guard<std::mutex> lock(mu_);
  sessions_.erase(session_number);
}

void TypeLedger::Note(uint32_t session_number, AttachMethod method,
                      const AttachReply& reply) {
  const uint64_t epoch = reply.info.empty() ? 0 : ReadEpoch(reply.info);
  std::vector<std::pair<uint32_t, std::string>> types;
  if (reply.kind == AttachReply::Kind::kBody && method != AttachMethod::kImport)
    types = ReadTypes(reply.payload);
  if (epoch == 0 && types.empty()) return;

  std::lock_guard<std::mutex> lock(mu_);
  const auto found = sessions_.find(session_number);
  if (found == sessions_.end()) return;
  Entry& entry = found->second;
  if (epoch > entry.epoch) {
    entry.epoch = epoch;
    entry.types[epoch];
    while (entry.types.size() > kEpochsKept)
      entry.types.erase(entry.types.begin());
  }
  Types& known = entry.types[entry.epoch];
  for (auto& [type_id, info] : types) known[type_id] = std::move(info);
}

const TypeLedger::Types* TypeLedger::TypesOf(uint32_t session_number,
                                             uint64_t epoch) const {
  const auto session = sessions_.find(session_number);
  if (session == sessions_.end()) return nullptr;
  const auto& types = session->second.types;
  auto found = types.find(epoch);
  if (found == types.end()) found = types.find(0);
  return found == types.end() ? nullptr : &found->second;
}

std::string TypeLedger::Find(uint32_t session_number, uint64_t epoch,
                             uint32_t type_id) const {
  std::lock_guard<std::mutex> lock(mu_);
  const Types* types = TypesOf(session_number, epoch);
  if (types == nullptr) return {};
  const auto info = types->find(type_id);
  return info == types->end() ? std::string() : info->second;
}

}  // namespace envknit::native
