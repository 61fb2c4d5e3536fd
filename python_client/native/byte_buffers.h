// Frames and replies in gRPC's buffers, without a copy of what is large.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_BYTE_BUFFERS_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_BYTE_BUFFERS_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>

#include "python_client/native/attach_frames.h"
#include "python_client/native/reply_bytes.h"

namespace envknit::native {

grpc::ByteBuffer ToByteBuffer(AttachFrame frame, uint64_t call_id);

ReplyBytes ToReplyBytes(const grpc::ByteBuffer& buffer);

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_BYTE_BUFFERS_H_
