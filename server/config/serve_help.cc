#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "server/config/config_keys.h"
#include "server/config/flag_parser.h"

namespace envknit {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kIndent = 6;

constexpr absl::string_view kIntroduction =
    R"(usage: envknitd serve [FLAG]…

Runs Python code of locked environments in isolated workers, for clients over
gRPC.

Examples
  envknitd serve --lock envknit.lock.yaml
  envknitd serve --socket /run/envknit/envknitd.sock --lock a.yaml --lock b.yaml
  envknitd serve --lock envknit.lock.yaml --tcp 127.0.0.1:50551
  envknitd serve --config /etc/envknitd.yaml --log-level debug

Settings come from flags, else from variables ENVKNITD_<KEY> (lists separated by
colons), else from the file of --config, else from the defaults shown. Times
have a unit (250ms, 30s, 10m), sizes may have one (64KiB, 16MiB).
)";

// The words of `text` in lines that begin with kIndent spaces.
std::string Wrap(absl::string_view text) {
  std::string wrapped;
  std::string line(kIndent, ' ');
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    const bool first = line.size() == kIndent;
    if (!first && line.size() + 1 + word.size() > kWidth) {
      absl::StrAppend(&wrapped, line, "\n");
      line = std::string(kIndent, ' ');
    } else if (!first) {
      line.push_back(' ');
    }
    absl::StrAppend(&line, word);
  }
  return absl::StrCat(wrapped, line, "\n");
}

std::string DescribeKey(const ConfigKey& key) {
  std::string help(key.help);
  if (!key.default_value.empty()) {
    absl::StrAppend(&help, " (default ", key.default_value);
    if (!key.private_default.empty()) {
      absl::StrAppend(&help, ", private ", key.private_default);
    }
    absl::StrAppend(&help, ")");
  }
  const bool is_switch = key.kind == ConfigKey::Kind::kSwitch;
  return absl::StrCat("  --", key.Flag(), is_switch ? "[=" : " ",
                      key.placeholder, is_switch ? "]" : "", "    ", key.name,
                      "\n", Wrap(help));
}

// "listen" of "listen.unix"; keys without a dot are about workers.
std::string GroupOf(const ConfigKey& key) {
  const std::size_t dot = key.name.find('.');
  return dot == key.name.npos ? "workers"
                              : std::string(key.name.substr(0, dot));
}

}  // namespace

std::string ServeHelp() {
  std::string text(kIntroduction);
  std::string group;
  for (const ConfigKey& key : ConfigKeys()) {
    if (GroupOf(key) != group) {
      group = GroupOf(key);
      absl::StrAppend(&text, "\n", group, "\n");
    }
    absl::StrAppend(&text, DescribeKey(key));
  }
  absl::StrAppend(&text, "\nthis start only\n");
  for (const ServeOnlyFlag& flag : ServeOnlyFlags()) {
    absl::StrAppend(&text, "  --", flag.name,
                    flag.placeholder.empty() ? "" : " ", flag.placeholder, "\n",
                    Wrap(flag.help));
  }
  return text;
}

}  // namespace envknit
