#ifndef ENVKNIT_SERVER_WORKER_STDERR_RECORD_H_
#define ENVKNIT_SERVER_WORKER_STDERR_RECORD_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// What is kept of a worker's stderr to explain its end: the last 4 KiB, and the
// Python stacks that were asked for, told from what user code prints by the
// form faulthandler gives them. Bounded, whatever comes. Not thread safe.
class StderrRecord final {
 public:
  static constexpr std::size_t kTailBytes = 4096;
  static constexpr std::size_t kStackBytes = 64 * 1024;

  // Stacks that come from now on are kept, those before dropped.
  void ExpectStack();

  void AddLine(absl::string_view line);

  // Valid UTF-8, lines ended by newlines.
  std::string Tail() const;
  std::string Stack() const;

 private:
  std::string tail_;
  bool expects_stack_ = false;
  bool inside_stack_ = false;
  std::string stack_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_STDERR_RECORD_H_
