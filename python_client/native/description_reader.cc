#include "python_client/native/description_reader.h"

#include <initializer_list>

#include <protozero/pbf_reader.hpp>
#include <protozero/types.hpp>

#include "python_client/native/wire_text.h"
#include "python_client/native/wire_view.h"

namespace py = pybind11;

namespace envknit::native {
namespace {

// Chains of exceptions are at most 16 long; a forged one must not recurse.
constexpr int kMaxChain = 32;

void SetEmpty(py::dict* fields, std::initializer_list<const char*> keys) {
  for (const char* key : keys) (*fields)[key] = py::str();
}

// An interned str, for names that are looked up as attributes.
py::str Name(protozero::pbf_reader& reader) {
  PyObject* text = Text(reader).release().ptr();
  PyUnicode_InternInPlace(&text);
  return py::reinterpret_steal<py::str>(text);
}

void ReadSubmodule(protozero::pbf_reader submodule, py::dict* submodules) {
  py::str path;
  py::dict names;
  while (submodule.next()) {
    if (submodule.tag() == 1) {
      path = Name(submodule);
    } else if (submodule.tag() == 2) {
      ReadModuleName(submodule.get_message(), &names);
    } else {
      submodule.skip();
    }
  }
  (*submodules)[path] = names;
}

py::dict ReadException(protozero::pbf_reader reader, const DecodeValue& decode,
                       int depth) {
  py::dict result;
  py::list mro, args, notes, group;
  SetEmpty(&result, {"type", "module", "message", "traceback"});
  result["suppress_context"] = false;
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["type"] = Text(reader);
        break;
      case 2:
        result["module"] = Text(reader);
        break;
      case 3:
        mro.append(Text(reader));
        break;
      case 4:
        result["message"] = Text(reader);
        break;
      case 5:
        args.append(decode(View(reader.get_view())));
        break;
      case 6:
        notes.append(Text(reader));
        break;
      case 8:
      case 9: {
        const char* key = reader.tag() == 8 ? "cause" : "context";
        const protozero::pbf_reader chained = reader.get_message();
        if (depth < kMaxChain)
          result[key] = ReadException(chained, decode, depth + 1);
        break;
      }
      case 10: {
        const protozero::pbf_reader member = reader.get_message();
        if (depth < kMaxChain)
          group.append(ReadException(member, decode, depth + 1));
        break;
      }
      case 11:
        result["suppress_context"] = reader.get_uint64() != 0;
        break;
      case 12:
        result["traceback"] = Text(reader);
        break;
      default:
        reader.skip();
    }
  }
  result["mro"] = mro;
  result["args"] = py::tuple(args);
  result["notes"] = notes;
  result["group"] = group;
  return result;
}

}  // namespace

void ReadModuleName(protozero::pbf_reader reader, py::dict* names) {
  py::str name;
  int kind = 0;
  while (reader.next()) {
    if (reader.tag() == 1) {
      name = Name(reader);
    } else if (reader.tag() == 2) {
      kind = reader.get_enum();
    } else {
      reader.skip();
    }
  }
  (*names)[name] = kind;
}

py::dict ReadTypeInfo(std::string_view bytes) {
  py::dict result;
  py::list mro, capabilities, methods, special_methods;
  result["type_id"] = 0;
  result["is_class"] = false;
  SetEmpty(&result, {"module", "name"});
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["type_id"] = reader.get_uint32();
        break;
      case 2:
        result["module"] = Text(reader);
        break;
      case 3:
        result["name"] = Text(reader);
        break;
      case 4:
        mro.append(Text(reader));
        break;
      case 5:
        if (reader.wire_type() == protozero::pbf_wire_type::length_delimited) {
          for (const int32_t capability : reader.get_packed_enum()) {
            capabilities.append(capability);
          }
        } else {
          capabilities.append(reader.get_enum());
        }
        break;
      case 6:
        methods.append(Name(reader));
        break;
      case 7:
        special_methods.append(Name(reader));
        break;
      case 8:
        result["is_class"] = reader.get_uint64() != 0;
        break;
      default:
        reader.skip();
    }
  }
  result["mro"] = py::tuple(mro);
  result["capabilities"] = py::frozenset(capabilities);
  result["methods"] = py::frozenset(methods);
  result["special_methods"] = py::frozenset(special_methods);
  return result;
}

py::dict ReadModuleDescription(std::string_view bytes) {
  py::dict result, names, submodules;
  SetEmpty(&result, {"name", "file", "version"});
  result["truncated"] = false;
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["name"] = Text(reader);
        break;
      case 2:
        result["file"] = Text(reader);
        break;
      case 3:
        result["version"] = Text(reader);
        break;
      case 5:
        ReadModuleName(reader.get_message(), &names);
        break;
      case 6:
        ReadSubmodule(reader.get_message(), &submodules);
        break;
      case 7:
        result["truncated"] = reader.get_uint64() != 0;
        break;
      default:
        reader.skip();
    }
  }
  result["names"] = names;
  result["submodules"] = submodules;
  return result;
}

py::dict ReadWorkerDescription(std::string_view bytes) {
  py::dict result;
  result["epoch"] = 0;
  result["pid"] = 0;
  result["isolation"] = 0;
  SetEmpty(&result, {"python", "environment", "instance", "isolation_reason"});
  protozero::pbf_reader reader(bytes.data(), bytes.size());
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        result["epoch"] = reader.get_uint64();
        break;
      case 2:
        result["pid"] = reader.get_int32();
        break;
      case 3:
        result["python"] = Text(reader);
        break;
      case 4:
        result["isolation"] = reader.get_int32();
        break;
      case 5:
        result["isolation_reason"] = Text(reader);
        break;
      case 6:
        result["environment"] = Text(reader);
        break;
      case 8:
        result["instance"] = Text(reader);
        break;
      default:
        reader.skip();
    }
  }
  return result;
}

py::dict ReadRemoteException(std::string_view bytes,
                             const DecodeValue& decode) {
  return ReadException(protozero::pbf_reader(bytes.data(), bytes.size()),
                       decode, 0);
}

}  // namespace envknit::native
