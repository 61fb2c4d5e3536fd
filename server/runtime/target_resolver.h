#ifndef ENVKNIT_SERVER_RUNTIME_TARGET_RESOLVER_H_
#define ENVKNIT_SERVER_RUNTIME_TARGET_RESOLVER_H_

#include <Python.h>

#include <string_view>

#include "server/frame/status_page.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/key_cache.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_decoder.h"
#include "server/runtime/call_request.h"
#include "server/runtime/object_table.h"

namespace envknit {

// Finds the object a Target names: module or handle, then the dotted path, then
// the steps. Owned by the runtime; needs the GIL.
class TargetResolver final {
 public:
  // All are borrowed.
  TargetResolver(ObjectTable& handles, ValueDecoder& values,
                 StatusPageWriter& page)
      : handles_(handles), values_(values), page_(page) {}
  TargetResolver(const TargetResolver&) = delete;
  TargetResolver& operator=(const TargetResolver&) = delete;

  // Empty: `error` is filled; kPython for what user code (an import, a getter)
  // raised. `use` is of the object that is found, if the target names no
  // attribute of a handle.
  PyRef Resolve(const TargetView& target, CodecError& error,
                HandleUse use = HandleUse::kRead);

  // The module of that dotted name, imported if it wasn't. Empty: as above.
  PyRef ImportModule(std::string_view name, CodecError& error);

 private:
  PyRef ResolveRoot(const TargetView& target, HandleUse use, CodecError& error);
  // As GetAttr; what a package doesn't have may be a submodule of it that
  // nobody imported yet, and then it is now.
  PyRef GetAttrOrSubmodule(const PyRef& object, std::string_view name,
                           CodecError& error);
  PyRef GetAttr(const PyRef& object, std::string_view name, CodecError& error);

  ObjectTable& handles_;
  ValueDecoder& values_;
  StatusPageWriter& page_;
  KeyCache names_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_TARGET_RESOLVER_H_
