#include "server/app/command_line.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/nearest_name.h"
#include "server/config/flag_parser.h"

namespace envknit {
namespace {

constexpr absl::string_view kHelp =
    R"(usage: envknitd COMMAND [FLAG]…

Runs Python code of locked environments in isolated workers, for clients over
gRPC.

Examples
  envknitd serve --lock envknit.lock.yaml
  envknitd serve --help

Commands
  serve        run the daemon until SIGTERM or SIGINT
  --version    print the version
  --help       print this

Exit codes: 0 clean, 1 failed, 2 wrong usage.
)";

Command Fail(int exit_code, absl::string_view why) {
  Command command;
  command.exit_code = exit_code;
  command.text = absl::StrCat("envknitd: ", why, "\n");
  return command;
}

Command Print(std::string text) {
  Command command;
  command.text = std::move(text);
  return command;
}

Command ParseServe(const std::vector<std::string>& arguments,
                   const ProcessContext& context) {
  absl::StatusOr<ServeFlags> flags =
      ParseServeFlags(arguments, context.working_directory);
  if (!flags.ok()) {
    return Fail(kExitUsage, absl::StrCat(flags.status().message(),
                                         "\ntry: envknitd serve --help"));
  }
  if (flags->help) return Print(ServeHelp());
  absl::StatusOr<ServerConfig> config = LoadServerConfig(*flags, context);
  if (!config.ok()) {
    return Fail(ExitCodeOf(config.status()), config.status().message());
  }
  Command command;
  command.serve = true;
  command.config = *std::move(config);
  return command;
}

}  // namespace

Command ParseCommandLine(const std::vector<std::string>& arguments,
                         const ProcessContext& context) {
  if (arguments.empty()) {
    Command command = Print(std::string(kHelp));
    command.exit_code = kExitUsage;
    return command;
  }
  const std::string& name = arguments[0];
  if (name == "--help" || name == "-h" || name == "help") {
    return Print(std::string(kHelp));
  }
  if (name == "--version") {
    return Print(absl::StrCat("envknitd ", ENVKNIT_VERSION, "\n"));
  }
  if (name == "serve") {
    return ParseServe({arguments.begin() + 1, arguments.end()}, context);
  }
  const std::vector<std::string> known = {"serve", "--help", "--version"};
  return Fail(kExitUsage,
              absl::StrCat("there is no command \"", name, "\"",
                           DidYouMean(name, known), "\ntry: envknitd --help"));
}

}  // namespace envknit
