// Reads descriptions of objects into Python dicts.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_OBJECT_READER_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_OBJECT_READER_H_

#include <pybind11/pybind11.h>

#include <string_view>

#include "python_client/native/description_reader.h"

namespace envknit::native {

// ObjectDescription: kind, module, qualname, names (dict of name to kind
// number), truncated, doc, repr, and signature, which is None or a dict: text,
// return_annotation, parameters (list of dicts: name, kind, has_default,
// annotation, and of default_value and default_text what is set). Needs the
// GIL; throws protozero::exception for malformed bytes, and what `decode`
// throws.
pybind11::dict ReadObjectDescription(std::string_view bytes,
                                     const DecodeValue& decode);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_OBJECT_READER_H_
