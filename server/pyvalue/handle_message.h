#ifndef ENVKNIT_SERVER_PYVALUE_HANDLE_MESSAGE_H_
#define ENVKNIT_SERVER_PYVALUE_HANDLE_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/hooks.h"

namespace envknit {

// Appends the message envknit.v1.Handle as `field` of the enclosing message.
// Clients need to send no more than id and epoch.
void WriteHandle(ByteWriter& out, uint32_t field, const HandleFields& handle);

// The same, left open for what the caller adds (items); `out.Close()` with the
// returned mark ends it.
std::size_t OpenHandle(ByteWriter& out, uint32_t field,
                       const HandleFields& handle);

// Reads a Handle, all but its items. False: `error` is filled.
bool ReadHandle(std::string_view bytes, HandleFields& handle,
                CodecError& error);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_HANDLE_MESSAGE_H_
