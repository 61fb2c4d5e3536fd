#include "python_client/native/target.h"

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/handle_message.h"

namespace envknit::native {
namespace {

// Field numbers of the message Target.
constexpr uint32_t kModule = 1;
constexpr uint32_t kHandle = 2;
constexpr uint32_t kPath = 3;

}  // namespace

std::shared_ptr<Target> Target::OfModule(const std::string& module,
                                         const std::string& path) {
  ByteWriter writer;
  writer.BytesField(kModule, module);
  writer.TextField(kPath, path);
  return std::make_shared<Target>(std::string(writer.view()), nullptr);
}

std::shared_ptr<Target> Target::OfHandle(std::shared_ptr<Handle> handle,
                                         const std::string& path) {
  HandleFields name;
  name.id = handle->fields().id;
  name.epoch = handle->fields().epoch;
  ByteWriter writer;
  WriteHandle(writer, kHandle, name);
  writer.TextField(kPath, path);
  return std::make_shared<Target>(std::string(writer.view()),
                                  std::move(handle));
}

}  // namespace envknit::native
