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

  Target(std::string module, std::shared_ptr<Handle> handle, std::string path);

  // That of an attribute of what stands here.
  std::shared_ptr<Target> Child(const std::string& name) const;

  const std::string& bytes() const { return bytes_; }
  // Null for modules.
  const Handle* handle() const { return handle_.get(); }

 private:
  const std::string module_;
  const std::shared_ptr<Handle> handle_;
  const std::string path_;
  const std::string bytes_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_
