// What a request addresses, encoded once.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_

#include <memory>
#include <string>
#include <utility>

#include "python_client/native/handle.h"

namespace envknit::native {

// A root (module name or handle) and a dotted path: the serialized message
// Target. Immutable; kept by proxies for every call they make.
class Target final {
 public:
  static std::shared_ptr<Target> OfModule(const std::string& module,
                                          const std::string& path);
  static std::shared_ptr<Target> OfHandle(std::shared_ptr<Handle> handle,
                                          const std::string& path);

  Target(std::string bytes, std::shared_ptr<Handle> handle)
      : bytes_(std::move(bytes)), handle_(std::move(handle)) {}

  const std::string& bytes() const { return bytes_; }
  // Null for modules.
  const Handle* handle() const { return handle_.get(); }

 private:
  const std::string bytes_;
  const std::shared_ptr<Handle> handle_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_
