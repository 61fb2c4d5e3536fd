#ifndef ENVKNIT_SERVER_BASE_NEAREST_NAME_H_
#define ENVKNIT_SERVER_BASE_NEAREST_NAME_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace envknit {

// The candidates that `name` may be a misspelling of, the likeliest first:
// those within a third of its length in edits (a swap of neighbours counts as
// one), case ignored. At most `limit`, without repetitions; `name` and
// candidates beyond 100 bytes match nothing, so that hostile names cost
// nothing.
std::vector<std::string> NearestNames(absl::string_view name,
                                      absl::Span<const std::string> candidates,
                                      int limit);

// "; did you mean X?", or empty if nothing is near: to be appended to an error.
std::string DidYouMean(absl::string_view name,
                       absl::Span<const std::string> candidates);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_NEAREST_NAME_H_
