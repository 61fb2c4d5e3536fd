#include "python_client/native/late_reply.h"

#include <utility>

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

namespace envknit::native {
namespace {

// Deeper values are refused by both ends.
constexpr int kMaxDepth = 64;
// Field numbers of value.proto and outcome.proto.
constexpr uint32_t kList = 7;
constexpr uint32_t kTuple = 8;
constexpr uint32_t kDict = 9;
constexpr uint32_t kHandle = 10;
constexpr uint32_t kSet = 15;
constexpr uint32_t kFrozenset = 16;
constexpr uint32_t kHandleItems = 7;
// Of every response.
constexpr uint32_t kOutcome = 1;
// Of NextResponse.
constexpr uint32_t kItems = 2;
constexpr uint32_t kIterator = 4;
constexpr uint32_t kReturnValue = 5;
// Where transfer.proto has the handle of a transfer.
constexpr uint32_t kFetchTransfer = 4;
constexpr uint32_t kPutTransfer = 2;

uint32_t TransferField(AttachMethod method) {
  if (method == AttachMethod::kFetch) return kFetchTransfer;
  if (method == AttachMethod::kPut) return kPutTransfer;
  return 0;
}

class HandleCollector final {
 public:
  explicit HandleCollector(uint32_t session_number)
      : session_number_(session_number) {}

  void ReadValue(protozero::pbf_reader value, int depth) {
    if (depth > kMaxDepth) return;
    while (value.next()) {
      switch (value.tag()) {
        case kHandle:
          ReadHandle(value.get_message(), depth);
          break;
        case kList:
        case kTuple:
        case kDict:
        case kSet:
        case kFrozenset: {
          // The elements are fields 1, and 2 of a dict.
          protozero::pbf_reader container = value.get_message();
          while (container.next())
            ReadValue(container.get_message(), depth + 1);
          break;
        }
        default:
          value.skip();
      }
    }
  }

  // Of NextResponse, but its outcome.
  void ReadNextField(protozero::pbf_reader& body) {
    if (body.tag() == kItems || body.tag() == kReturnValue) {
      ReadValue(body.get_message(), 0);
    } else if (body.tag() == kIterator) {
      ReadHandle(body.get_message(), 0);
    } else {
      body.skip();
    }
  }

  void ReadHandle(protozero::pbf_reader reader, int depth) {
    auto handle = std::make_unique<ReleasedHandle>();
    handle->session_number = session_number_;
    while (reader.next()) {
      if (reader.tag() == 1) {
        handle->id = reader.get_uint64();
      } else if (reader.tag() == 2) {
        handle->epoch = reader.get_uint64();
      } else if (reader.tag() == kHandleItems) {
        ReadValue(reader.get_message(), depth + 1);
      } else {
        reader.skip();
      }
    }
    handles_.push_back(std::move(handle));
  }

  std::vector<std::unique_ptr<ReleasedHandle>> Take() {
    return std::move(handles_);
  }

 private:
  const uint32_t session_number_;
  std::vector<std::unique_ptr<ReleasedHandle>> handles_;
};

}  // namespace

std::vector<std::unique_ptr<ReleasedHandle>> ReadLateHandles(
    uint32_t session_number, std::string_view response, AttachMethod method) {
  // Its fields are others, and it has none.
  if (method == AttachMethod::kImport) return {};
  HandleCollector collector(session_number);
  AttachReply reply;
  if (ParseReply(response, &reply) && reply.kind == AttachReply::Kind::kBody) {
    try {
      protozero::pbf_reader body(reply.payload.data(), reply.payload.size());
      while (body.next()) {
        if (body.tag() != kOutcome) {
          if (method == AttachMethod::kNext) {
            collector.ReadNextField(body);
          } else if (body.tag() == TransferField(method)) {
            collector.ReadHandle(body.get_message(), 0);
          } else {
            body.skip();
          }
          continue;
        }
        protozero::pbf_reader outcome = body.get_message();
        while (outcome.next()) {
          if (outcome.tag() == 1) {
            collector.ReadValue(outcome.get_message(), 0);
          } else {
            outcome.skip();
          }
        }
      }
    } catch (const protozero::exception&) {
      // What was read so far still counts.
    }
  }
  return collector.Take();
}

}  // namespace envknit::native
