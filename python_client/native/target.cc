#include "python_client/native/target.h"

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/handle_message.h"

namespace envknit::native {
namespace {

// Field numbers of the message Target.
constexpr uint32_t kModule = 1;
constexpr uint32_t kHandle = 2;
constexpr uint32_t kPath = 3;

std::string Serialize(const std::string& module, const Handle* handle,
                      const std::string& path) {
  ByteWriter writer;
  if (handle == nullptr) {
    writer.BytesField(kModule, module);
  } else {
    HandleFields name;
    name.id = handle->fields().id;
    name.epoch = handle->fields().epoch;
    WriteHandle(writer, kHandle, name);
  }
  writer.TextField(kPath, path);
  return std::string(writer.view());
}

}  // namespace

Target::Target(std::string module, std::shared_ptr<Handle> handle,
               std::string path)
    : module_(std::move(module)),
      handle_(std::move(handle)),
      path_(std::move(path)),
      bytes_(Serialize(module_, handle_.get(), path_)) {}

std::shared_ptr<Target> Target::OfModule(const std::string& module,
                                         const std::string& path) {
  return std::make_shared<Target>(module, nullptr, path);
}

std::shared_ptr<Target> Target::OfHandle(std::shared_ptr<Handle> handle,
                                         const std::string& path) {
  return std::make_shared<Target>(std::string(), std::move(handle), path);
}

std::shared_ptr<Target> Target::Child(const std::string& name) const {
  return std::make_shared<Target>(module_, handle_,
                                  path_.empty() ? name : path_ + "." + name);
}

}  // namespace envknit::native
