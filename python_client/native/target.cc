#include "python_client/native/target.h"

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/handle_message.h"

namespace envknit::native {
namespace {

// Field numbers of the message Target.
constexpr uint32_t kModule = 1;
constexpr uint32_t kHandle = 2;
constexpr uint32_t kPath = 3;
constexpr uint32_t kSteps = 4;
constexpr uint32_t kStepAttr = 1;

std::string Serialize(const std::string& module, const Handle* handle,
                      const std::string& path,
                      const std::vector<std::string>& names) {
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
  for (const std::string& name : names) {
    ByteWriter step;
    step.BytesField(kStepAttr, name);
    writer.BytesField(kSteps, step.view());
  }
  return std::string(writer.view());
}

bool HasDot(const std::string& name) {
  return name.find('.') != std::string::npos;
}

}  // namespace

Target::Target(std::string module, std::shared_ptr<Handle> handle,
               std::string path, std::vector<std::string> names)
    : module_(std::move(module)),
      handle_(std::move(handle)),
      path_(std::move(path)),
      names_(std::move(names)),
      bytes_(Serialize(module_, handle_.get(), path_, names_)) {}

std::shared_ptr<Target> Target::OfModule(const std::string& module,
                                         const std::string& path) {
  return std::make_shared<Target>(module, nullptr, path);
}

std::shared_ptr<Target> Target::OfHandle(std::shared_ptr<Handle> handle,
                                         const std::string& name) {
  if (HasDot(name)) {
    return std::make_shared<Target>(std::string(), std::move(handle),
                                    std::string(), std::vector{name});
  }
  return std::make_shared<Target>(std::string(), std::move(handle), name);
}

std::shared_ptr<Target> Target::Child(const std::string& name) const {
  if (names_.empty() && !HasDot(name)) {
    return std::make_shared<Target>(module_, handle_,
                                    path_.empty() ? name : path_ + "." + name);
  }
  std::vector<std::string> names = names_;
  names.push_back(name);
  return std::make_shared<Target>(module_, handle_, path_, std::move(names));
}

}  // namespace envknit::native
