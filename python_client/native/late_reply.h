// What to do with a reply nobody waits for.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "python_client/native/attach_frames.h"
#include "python_client/native/release_list.h"

namespace envknit::native {

// What must not be lost of a reply.
struct LateReply {
  // To be released: no proxy will ever stand for them.
  std::vector<std::unique_ptr<ReleasedHandle>> handles;
  // Serialized TypeInfos: the worker sends each only once.
  std::vector<std::string> types;
};

// `response` is a serialized AttachResponse. Needs no GIL. What can't be read
// is skipped.
LateReply ReadLateReply(uint32_t session_number, std::string_view response,
                        AttachMethod method = AttachMethod::kCall);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_
