#ifndef ENVKNIT_SERVER_FRAME_RESULT_H_
#define ENVKNIT_SERVER_FRAME_RESULT_H_

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "server/frame/status_code.h"

namespace envknit {

// Why something failed, where absl::Status is not available.
struct Error {
  StatusCode code = StatusCode::kInternal;
  std::string message;
};

// A value or the Error that stood in its way: absl::StatusOr for the folders
// that are loaded into users' Pythons, where absl must not be. A value type;
// not thread safe.
template <typename T>
class [[nodiscard]] Result final {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: converts
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: converts

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only if ok().
  T& value() & { return *std::get_if<0>(&state_); }
  const T& value() const& { return *std::get_if<0>(&state_); }
  T&& value() && { return std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only if !ok().
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> final {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: converts

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // Only if !ok().
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_FRAME_RESULT_H_
