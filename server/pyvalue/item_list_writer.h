#ifndef ENVKNIT_SERVER_PYVALUE_ITEM_LIST_WRITER_H_
#define ENVKNIT_SERVER_PYVALUE_ITEM_LIST_WRITER_H_

#include <Python.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/pyvalue/byte_writer.h"
#include "server/pyvalue/codec_error.h"
#include "server/pyvalue/python_ref.h"
#include "server/pyvalue/value_encoder.h"

namespace envknit {

// Writes a list Value whose elements come one after the other, each a result of
// its own (ValueEncoder::EncodeAuto): packed when all are plain numbers, which
// is known only at the end, so numbers are kept until then. Lives during one
// message; needs the GIL.
class ItemListWriter final {
 public:
  // Both are borrowed. Nothing is written before the first item.
  ItemListWriter(ValueEncoder& encoder, ByteWriter& out, uint32_t field)
      : encoder_(encoder), out_(out), field_(field), start_(out.size()) {}
  ItemListWriter(const ItemListWriter&) = delete;
  ItemListWriter& operator=(const ItemListWriter&) = delete;

  std::size_t count() const { return count_; }
  // Of the list so far, roughly.
  std::size_t bytes() const { return out_.size() - start_ + kept_bytes_; }
  // What of these is still to be written.
  std::size_t unwritten_bytes() const { return kept_bytes_; }
  // Whether the message can have another element.
  bool has_room() const { return encoder_.elements_left() > kept_.size(); }

  // False: `error` is filled and the list is as before.
  bool Add(PyObject* item, CodecError& error);

  // Writes the last item again, as one handle. The handles it had made are the
  // caller's to take back.
  bool ReplaceLastByHandle(PyObject* item, CodecError& error);

  // Completes the list, which may be empty.
  bool Close(CodecError& error);

 private:
  enum class Form { kEmpty, kFloats, kInts, kMixed };

  bool Keep(PyObject* item);
  bool WriteKept(CodecError& error);

  ValueEncoder& encoder_;
  ByteWriter& out_;
  const uint32_t field_;
  const std::size_t start_;
  Form form_ = Form::kEmpty;
  std::size_t count_ = 0;
  // kFloats and kInts: all items.
  std::vector<PyRef> kept_;
  std::size_t kept_bytes_ = 0;
  // kMixed: the open messages, and where the last item begins.
  std::size_t value_mark_ = 0;
  std::size_t list_mark_ = 0;
  std::size_t last_item_ = 0;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PYVALUE_ITEM_LIST_WRITER_H_
