// The bytes of one received message, without a copy of them.
#ifndef ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_BYTES_H_
#define ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_BYTES_H_

#include <memory>
#include <string_view>
#include <utility>

namespace envknit::native {

// Keeps what holds the bytes alive. Move-only, so that large replies are never
// duplicated by accident. Thread-compatible.
class ReplyBytes final {
 public:
  ReplyBytes() = default;
  ReplyBytes(std::shared_ptr<void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}
  ReplyBytes(ReplyBytes&&) = default;
  ReplyBytes& operator=(ReplyBytes&&) = default;
  ReplyBytes(const ReplyBytes&) = delete;
  ReplyBytes& operator=(const ReplyBytes&) = delete;

  std::string_view view() const { return view_; }

 private:
  std::shared_ptr<void> owner_;
  std::string_view view_;
};

}  // namespace envknit::native

#endif  // ENVKNIT_PYTHON_CLIENT_NATIVE_REPLY_BYTES_H_
