// Reads the messages that describe things into Python dicts.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_DESCRIPTION_READER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_DESCRIPTION_READER_H_

#include <pybind11/pybind11.h>

#include <functional>
#include <string_view>

#include <protozero/pbf_reader.hpp>

namespace envknit::native {

// Keys are the fields' names. All of these need the GIL and throw
// protozero::exception for malformed bytes.

// TypeInfo: type_id, module, name, mro, capabilities (numbers), methods,
// special_methods, is_class.
pybind11::dict ReadTypeInfo(std::string_view bytes);

// Repeated ModuleName of the message at `reader`: adds to a dict of name to
// kind number.
void ReadModuleName(protozero::pbf_reader reader, pybind11::dict* names);

// ModuleDescription: name, file, version, names (dict of name to kind number),
// submodules (dict of path to such a dict), truncated.
pybind11::dict ReadModuleDescription(std::string_view bytes);

// WorkerDescription: epoch, pid, python, environment, instance.
pybind11::dict ReadWorkerDescription(std::string_view bytes);

// Decodes one Value.
using DecodeValue = std::function<pybind11::object(std::string_view)>;

// RemoteException: type, module, mro, message, args, notes, traceback, group,
// suppress_context, and cause and context where there are any.
pybind11::dict ReadRemoteException(std::string_view bytes,
                                   const DecodeValue& decode);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_DESCRIPTION_READER_H_
