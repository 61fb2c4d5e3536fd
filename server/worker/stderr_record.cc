#include "server/worker/stderr_record.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/worker/bounded_text.h"

namespace envknit {
namespace {

bool StartsStack(absl::string_view line) {
  return absl::StartsWith(line, "Thread 0x") ||
         absl::StartsWith(line, "Current thread 0x");
}

bool ContinuesStack(absl::string_view line) {
  return line.empty() || absl::StartsWith(line, "  File ") ||
         absl::StartsWith(line, "  ...") || absl::StartsWith(line, "  <");
}

}  // namespace

void StderrRecord::ExpectStack() {
  expects_stack_ = true;
  inside_stack_ = false;
  stack_.clear();
}

void StderrRecord::AddLine(absl::string_view line) {
  absl::StrAppend(&tail_, line, "\n");
  // Cut now and then, so that many short lines are not moved each time.
  if (tail_.size() > 4 * kTailBytes) {
    tail_.erase(0, tail_.size() - kTailBytes);
  }
  if (!expects_stack_) return;
  inside_stack_ = StartsStack(line) || (inside_stack_ && ContinuesStack(line));
  if (inside_stack_ && stack_.size() < kStackBytes) {
    absl::StrAppend(&stack_, line, "\n");
  }
}

std::string StderrRecord::Tail() const {
  return BoundedTail(tail_, kTailBytes);
}

std::string StderrRecord::Stack() const {
  return BoundedText(stack_, kStackBytes);
}

}  // namespace envknit
