#include "server/base/yaml_document.h"

#include <cstddef>
#include <exception>
#include <istream>
#include <set>
#include <streambuf>
#include <unordered_map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace envknit {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = 1'000'000;

// Thrown through yaml-cpp to end the parse, caught in ParseYaml.
class Refusal final : public std::exception {
 public:
  Refusal(int line, int column, std::string message)
      : line(line), column(column), message(std::move(message)) {}
  const char* what() const noexcept override { return message.c_str(); }

  const int line;
  const int column;
  const std::string message;
};

// Reads a string_view in place; std::istringstream would copy it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(absl::string_view text) {
    char* const begin = const_cast<char*>(text.data());  // never written to
    setg(begin, begin, begin + text.size());
  }
};

std::string Position(absl::string_view source, int line, int column) {
  return absl::StrCat(source, ":", line, ":", column, ": ");
}

}  // namespace

// Builds the tree from yaml-cpp's events. Its own Node tree isn't used: it
// expands nothing but also limits nothing, and loses the marks of keys.
class YamlTreeBuilder final : public YAML::EventHandler {
 public:
  YamlNode::Pointer TakeRoot() {
    return root_ != nullptr ? root_ : std::make_shared<const YamlNode>();
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Finish(NewNode(YamlNode::Kind::kNull, mark), anchor, 1);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    auto node = NewNode(YamlNode::Kind::kScalar, mark);
    node->scalar_ = value;
    node->plain_ = tag == "?";
    Finish(std::move(node), anchor, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) {
      throw Refusal(mark.line + 1, mark.column + 1,
                    "an alias stands inside what it names; only finished "
                    "values can be repeated");
    }
    Count(it->second.size, mark);
    Attach(it->second.node, it->second.size);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(NewNode(YamlNode::Kind::kSequence, mark), anchor, mark);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    Open(NewNode(YamlNode::Kind::kMap, mark), anchor, mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    std::size_t size;  // nodes in it, itself included
    YamlNode::Pointer key;
    std::set<std::string> keys;
  };
  struct Anchored {
    YamlNode::Pointer node;
    std::size_t size;
  };

  std::shared_ptr<YamlNode> NewNode(YamlNode::Kind kind,
                                    const YAML::Mark& mark) {
    Count(1, mark);
    auto node = std::make_shared<YamlNode>();
    node->kind_ = kind;
    node->line_ = mark.line + 1;
    node->column_ = mark.column + 1;
    return node;
  }

  void Count(std::size_t nodes, const YAML::Mark& mark) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes) {
      throw Refusal(
          mark.line + 1, mark.column + 1,
          absl::StrCat("more than ", kMaxNodes, " values, aliases unfolded"));
    }
  }

  void Open(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor,
            const YAML::Mark& mark) {
    if (open_.size() == kMaxDepth) {
      throw Refusal(mark.line + 1, mark.column + 1,
                    absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
    }
    open_.push_back({std::move(node), anchor, 1, nullptr, {}});
  }

  void Close() {
    OpenNode done = std::move(open_.back());
    open_.pop_back();
    Finish(std::move(done.node), done.anchor, done.size);
  }

  void Finish(YamlNode::Pointer node, YAML::anchor_t anchor, std::size_t size) {
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {node, size};
    Attach(std::move(node), size);
  }

  void Attach(YamlNode::Pointer node, std::size_t size) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    parent.size += size;
    if (parent.node->kind_ == YamlNode::Kind::kSequence) {
      parent.node->items_.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      CheckKey(*node, parent);
      parent.key = std::move(node);
    } else {
      parent.node->entries_.push_back({std::move(parent.key), std::move(node)});
      parent.key = nullptr;
    }
  }

  static void CheckKey(const YamlNode& key, OpenNode& map) {
    if (!key.is_scalar()) {
      throw Refusal(
          key.line_, key.column_,
          absl::StrCat("expected a text as key, found ", key.Describe()));
    }
    if (key.plain_ && key.scalar_ == "<<") {
      throw Refusal(key.line_, key.column_,
                    "merge keys (<<) are not supported; write the entries out");
    }
    if (!map.keys.insert(key.scalar_).second) {
      throw Refusal(
          key.line_, key.column_,
          absl::StrCat("duplicate key \"", absl::Utf8SafeCEscape(key.scalar_),
                       "\"; keep one of them"));
    }
  }

  std::vector<OpenNode> open_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  YamlNode::Pointer root_;
};

const YamlNode* YamlNode::Find(absl::string_view key) const {
  for (const Entry& entry : entries_) {
    if (entry.key->scalar_ == key) return entry.value.get();
  }
  return nullptr;
}

std::string YamlNode::Describe() const {
  constexpr std::size_t kShown = 40;
  switch (kind_) {
    case Kind::kNull:
      return "nothing";
    case Kind::kSequence:
      return "a list";
    case Kind::kMap:
      return "a mapping";
    case Kind::kScalar:
      break;
  }
  return absl::StrCat(
      "\"", absl::CEscape(absl::string_view(scalar_).substr(0, kShown)),
      scalar_.size() > kShown ? "…\"" : "\"");
}

absl::Status YamlError(absl::string_view source, const YamlNode& node,
                       absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(Position(source, node.line(), node.column()), message));
}

absl::StatusOr<YamlNode::Pointer> ParseYaml(absl::string_view text,
                                            absl::string_view source) {
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    YamlTreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) return builder.TakeRoot();
    YamlNode::Pointer root = builder.TakeRoot();
    YamlTreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      const YamlNode::Pointer node = second.TakeRoot();
      return YamlError(source, *node,
                       "a second document; expected one in the file");
    }
    return root;
  } catch (const Refusal& refusal) {
    return absl::InvalidArgumentError(absl::StrCat(
        Position(source, refusal.line, refusal.column), refusal.message));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        Position(source, error.mark.line + 1, error.mark.column + 1),
        "not valid YAML: ", error.msg));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        Position(source, 1, 1), "not readable as YAML: ", error.what()));
  }
}

}  // namespace envknit
