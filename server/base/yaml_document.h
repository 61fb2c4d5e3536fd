#ifndef ENVKNIT_SERVER_BASE_YAML_DOCUMENT_H_
#define ENVKNIT_SERVER_BASE_YAML_DOCUMENT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace envknit {

// One node of a parsed YAML document: a value type without behaviour of YAML's
// own type rules. Scalars keep the text that stands in the file, so that
// `version: 8.10` stays "8.10".
class YamlNode final {
 public:
  using Pointer = std::shared_ptr<const YamlNode>;
  enum class Kind { kNull, kScalar, kSequence, kMap };

  struct Entry {
    // Always a scalar.
    Pointer key;
    Pointer value;
  };

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_scalar() const { return kind_ == Kind::kScalar; }
  bool is_sequence() const { return kind_ == Kind::kSequence; }
  bool is_map() const { return kind_ == Kind::kMap; }

  // Text of a scalar; empty for others.
  const std::string& scalar() const { return scalar_; }
  // Whether the scalar stands without quotes.
  bool plain() const { return plain_; }
  // Of a sequence, in order.
  const std::vector<Pointer>& items() const { return items_; }
  // Of a map, in the file's order; keys are distinct.
  const std::vector<Entry>& entries() const { return entries_; }
  // The value of `key` in a map; nullptr if this is no map or has no such key.
  const YamlNode* Find(absl::string_view key) const;

  // "a sequence", "the text \"x\"": for "expected …, found …".
  std::string Describe() const;

  // Where the node begins, from 1.
  int line() const { return line_; }
  int column() const { return column_; }

 private:
  friend class YamlTreeBuilder;

  Kind kind_ = Kind::kNull;
  bool plain_ = false;
  int line_ = 1;
  int column_ = 1;
  std::string scalar_;
  std::vector<Pointer> items_;
  std::vector<Entry> entries_;
};

// Parses one YAML document; an empty text is a null node. The text is not
// trusted: nesting beyond 32, more than 1,000,000 nodes (each use of an alias
// counts all it stands for, so no small file can unfold into a large one),
// duplicate keys, keys that aren't scalars, merge keys and a second document
// are errors, as is what YAML itself refuses. Errors are INVALID_ARGUMENT,
// "source:line:column: what was wrong, what would be right".
absl::StatusOr<YamlNode::Pointer> ParseYaml(absl::string_view text,
                                            absl::string_view source);

// That kind of error, for a reader of the tree who finds `node` wrong.
absl::Status YamlError(absl::string_view source, const YamlNode& node,
                       absl::string_view message);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_BASE_YAML_DOCUMENT_H_
