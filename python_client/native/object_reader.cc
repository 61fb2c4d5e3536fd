#include "python_client/native/object_reader.h"

#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

#include "python_client/native/wire_text.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

py::dict ReadParameter(protozero::pbf_reader reader,
                       const DecodeValue& decode) {
  py::dict result;
  result["name"] = py::str();
  result["kind"] = 0;
  result["has_default"] = false;
  result["annotation"] = py::str();
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["name"] = Text(reader);
        break;
      case 2:
        result["kind"] = reader.get_enum();
        break;
      case 3:
        result["has_default"] = reader.get_uint64() != 0;
        break;
      case 4: {
        const protozero::data_view value = reader.get_view();
        result["default_value"] = decode({value.data(), value.size()});
        break;
      }
      case 5:
        result["default_text"] = Text(reader);
        break;
      case 6:
        result["annotation"] = Text(reader);
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

py::dict ReadSignature(protozero::pbf_reader reader,
                       const DecodeValue& decode) {
  py::dict result;
  py::list parameters;
  result["text"] = py::str();
  result["return_annotation"] = py::str();
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["text"] = Text(reader);
        break;
      case 2:
        parameters.append(ReadParameter(reader.get_message(), decode));
        break;
      case 3:
        result["return_annotation"] = Text(reader);
        break;
      default:
        reader.skip();
    }
  }
  result["parameters"] = parameters;
  return result;
}

}  // namespace

py::dict ReadObjectDescription(std::string_view bytes,
                               const DecodeValue& decode) {
  py::dict result, names;
  result["kind"] = 0;
  result["truncated"] = false;
  result["signature"] = py::none();
  for (const char* key : {"module", "qualname", "doc", "repr"}) {
    result[key] = py::str();
  }
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["kind"] = reader.get_enum();
        break;
      case 3:
        result["module"] = Text(reader);
        break;
      case 4:
        result["qualname"] = Text(reader);
        break;
      case 5:
        ReadModuleName(reader.get_message(), &names);
        break;
      case 6:
        result["truncated"] = reader.get_uint64() != 0;
        break;
      case 7:
        result["doc"] = Text(reader);
        break;
      case 8:
        result["signature"] = ReadSignature(reader.get_message(), decode);
        break;
      case 9:
        result["repr"] = Text(reader);
        break;
      default:
        reader.skip();
    }
  }
  result["names"] = names;
  return result;
}

}  // namespace envknit::native
