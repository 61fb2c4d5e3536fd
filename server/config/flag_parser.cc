#include "server/config/flag_parser.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "server/base/nearest_name.h"
#include "server/config/value_parser.h"

namespace envknit {
namespace {

constexpr int kMaxInt = std::numeric_limits<int>::max();

absl::Status StoreNumber(const std::string& value, int min, int& target) {
  const absl::StatusOr<int> number = ParseWholeNumber(value, min, kMaxInt);
  if (!number.ok()) return number.status();
  target = *number;
  return absl::OkStatus();
}

constexpr std::array<ServeOnlyFlag, 7> kServeOnlyFlags = {{
    {"config", "FILE", "read settings from this YAML file (version: 1)",
     [](const std::string& value, ServeFlags& flags) {
       flags.config_file = value;
       return absl::OkStatus();
     }},
    {"insecure-tcp", "",
     "allow --tcp beyond loopback, where anyone who can reach the port can run "
     "code as this user",
     [](const std::string&, ServeFlags& flags) {
       flags.insecure_tcp = true;
       return absl::OkStatus();
     }},
    {"notify-fd", "N",
     "write one line to this descriptor when ready: \"READY unix:PATH\", and "
     "\" tcp:HOST:PORT\" after it where TCP is on",
     [](const std::string& value, ServeFlags& flags) {
       return StoreNumber(value, 0, flags.notify_fd);
     }},
    {"private", "",
     "serve one client and end with it; needs --death-fd or --client-pid",
     [](const std::string&, ServeFlags& flags) {
       flags.private_mode.enabled = true;
       return absl::OkStatus();
     }},
    {"death-fd", "N", "with --private: end at the EOF of this pipe",
     [](const std::string& value, ServeFlags& flags) {
       return StoreNumber(value, 0, flags.private_mode.death_fd);
     }},
    {"client-pid", "N", "with --private: end with this process",
     [](const std::string& value, ServeFlags& flags) {
       return StoreNumber(value, 1, flags.private_mode.client_pid);
     }},
    {"help", "", "print this and exit",
     [](const std::string&, ServeFlags& flags) {
       flags.help = true;
       return absl::OkStatus();
     }},
}};

std::vector<std::string> AllFlagNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : ConfigKeys()) names.push_back("--" + key.Flag());
  for (const ServeOnlyFlag& flag : kServeOnlyFlags) {
    names.push_back(absl::StrCat("--", flag.name));
  }
  return names;
}

// Walks the words once.
class FlagReader final {
 public:
  FlagReader(const std::vector<std::string>& words,
             const std::string& directory)
      : words_(words), directory_(directory) {}

  absl::StatusOr<ServeFlags> Read() {
    for (next_ = 0; next_ < words_.size();) {
      absl::Status status = ReadFlag(words_[next_++]);
      if (!status.ok()) return status;
    }
    return std::move(flags_);
  }

 private:
  absl::Status ReadFlag(const std::string& word) {
    absl::string_view name = word;
    if (!absl::ConsumePrefix(&name, "--") || name.empty()) {
      if (word == "-h")
        name = "help";
      else {
        return absl::InvalidArgumentError(
            absl::StrCat("unexpected \"", word, "\"; every setting is a flag"));
      }
    }
    has_value_ = absl::StrContains(name, '=');
    if (has_value_) {
      const std::size_t equals = name.find('=');
      value_ = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    }
    for (const ServeOnlyFlag& flag : kServeOnlyFlags) {
      if (flag.name == name) return ReadServeOnly(flag);
    }
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.Flag() == name) return ReadKey(key);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("unknown flag --", name,
                     DidYouMean(absl::StrCat("--", name), AllFlagNames())));
  }

  absl::Status ReadServeOnly(const ServeOnlyFlag& flag) {
    const std::string shown = absl::StrCat("--", flag.name);
    if (flag.placeholder.empty()) {
      if (has_value_) {
        return absl::InvalidArgumentError(
            absl::StrCat(shown, " takes no value"));
      }
    } else {
      absl::Status status = TakeValue(shown, flag.placeholder);
      if (!status.ok()) return status;
    }
    absl::Status status = flag.apply(value_, flags_);
    if (status.ok()) return status;
    return absl::InvalidArgumentError(
        absl::StrCat(shown, ": ", status.message()));
  }

  absl::Status ReadKey(const ConfigKey& key) {
    const std::string shown = "--" + key.Flag();
    if (key.kind == ConfigKey::Kind::kSwitch) {
      if (!has_value_) value_ = "true";
    } else {
      absl::Status status = TakeValue(shown, key.placeholder);
      if (!status.ok()) return status;
    }
    Setting& setting = flags_.settings[&key];
    if (key.kind != ConfigKey::Kind::kPathList) setting.values.clear();
    setting.values.push_back(value_);
    setting.origin = shown;
    setting.directory = directory_;
    return absl::OkStatus();
  }

  // Leaves the flag's value in value_.
  absl::Status TakeValue(const std::string& flag,
                         absl::string_view placeholder) {
    if (!has_value_ && next_ < words_.size() &&
        !absl::StartsWith(words_[next_], "--")) {
      value_ = words_[next_++];
      has_value_ = true;
    }
    if (has_value_ && !value_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(flag, " needs a value: ", flag, " ", placeholder));
  }

  const std::vector<std::string>& words_;
  const std::string& directory_;
  std::size_t next_ = 0;
  // Of the flag that is being read.
  bool has_value_ = false;
  std::string value_;
  ServeFlags flags_;
};

}  // namespace

absl::Span<const ServeOnlyFlag> ServeOnlyFlags() { return kServeOnlyFlags; }

absl::StatusOr<ServeFlags> ParseServeFlags(
    const std::vector<std::string>& arguments, const std::string& directory) {
  return FlagReader(arguments, directory).Read();
}

}  // namespace envknit
