// What a request addresses, encoded once.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "python_client/native/handle.h"

namespace envknit::native {

// A root (module name or handle), a dotted path, and after it names that may
// have dots: the serialized message Target. Immutable; kept by proxies for
// every call they make.
class Target final {
 public:
  static std::shared_ptr<Target> OfModule(const std::string& module,
                                          const std::string& path);
  // An attribute of the object; with an empty name the object itself.
  static std::shared_ptr<Target> OfHandle(std::shared_ptr<Handle> handle,
                                          const std::string& name);

  Target(std::string module, std::shared_ptr<Handle> handle, std::string path,
         std::vector<std::string> names = {});

  // That of an attribute of what stands here; dots are part of the name.
  std::shared_ptr<Target> Child(const std::string& name) const;

  const std::string& bytes() const { return bytes_; }
  // Null for modules.
  const Handle* handle() const { return handle_.get(); }

 private:
  const std::string module_;
  const std::shared_ptr<Handle> handle_;
  const std::string path_;
  const std::vector<std::string> names_;
  const std::string bytes_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_TARGET_H_
