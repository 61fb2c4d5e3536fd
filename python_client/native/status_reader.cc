#include "python_client/native/status_reader.h"

#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

namespace envknit::native {
namespace {

constexpr std::string_view kErrorInfo = "google.rpc.ErrorInfo";

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

void ReadErrorInfo(protozero::pbf_reader info, InfrastructureError* error) {
  while (info.next()) {
    switch (info.tag()) {
      case 1:
        error->reason = info.get_string();
        break;
      case 3: {
        std::pair<std::string, std::string> entry;
        protozero::pbf_reader pair = info.get_message();
        while (pair.next()) {
          if (pair.tag() == 1) {
            entry.first = pair.get_string();
          } else if (pair.tag() == 2) {
            entry.second = pair.get_string();
          } else {
            pair.skip();
          }
        }
        error->metadata.push_back(std::move(entry));
        break;
      }
      default:
        info.skip();
    }
  }
}

void ReadDetail(protozero::pbf_reader any, InfrastructureError* error) {
  std::string type;
  protozero::data_view value;
  while (any.next()) {
    if (any.tag() == 1) {
      type = any.get_string();
    } else if (any.tag() == 2) {
      value = any.get_view();
    } else {
      any.skip();
    }
  }
  if (EndsWith(type, kErrorInfo))
    ReadErrorInfo(protozero::pbf_reader(value), error);
}

}  // namespace

InfrastructureError ReadStatus(std::string_view status) {
  InfrastructureError error;
  try {
    protozero::pbf_reader reader(status.data(), status.size());
    while (reader.next()) {
      switch (reader.tag()) {
        case 1:
          error.code = reader.get_int32();
          break;
        case 2:
          error.message = reader.get_string();
          break;
        case 3:
          ReadDetail(reader.get_message(), &error);
          break;
        default:
          reader.skip();
      }
    }
  } catch (const protozero::exception&) {
    // What was read so far is told.
  }
  return error;
}

}  // namespace envknit::native
