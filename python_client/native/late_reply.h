// What to do with a reply nobody waits for.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "python_client/native/attach_frames.h"
#include "python_client/native/release_list.h"

namespace envknit::native {

// The handles in a reply to `method`, to be released: no proxy will ever stand
// for them. `response` is a serialized AttachResponse. Needs no GIL. What can't
// be read is skipped.
std::vector<std::unique_ptr<ReleasedHandle>> ReadLateHandles(
    uint32_t session_number, std::string_view response, AttachMethod method);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_LATE_REPLY_H_
