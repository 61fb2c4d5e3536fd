#include "server/rpc/environment_query.h"

#include <string>
#include <utility>

#include "envknit/v1/target.pb.h"
#include "server/rpc/wire_reading.h"

namespace envknit {
namespace {

InlineEnvironment ConvertInline(const v1::InlineEnvironment& from) {
  InlineEnvironment to;
  to.name = from.name();
  to.interpreter = from.interpreter();
  to.install_paths.assign(from.install_paths().begin(),
                          from.install_paths().end());
  to.packages.reserve(from.packages_size());
  for (const v1::InlinePackage& package : from.packages()) {
    to.packages.push_back({package.name(), package.version()});
  }
  to.preferred_python = from.preferred_python();
  const v1::KnownInterpreter& known = from.known_interpreter();
  to.known_interpreter.path = known.path();
  to.known_interpreter.version = known.version();
  to.known_interpreter.soabi = known.soabi();
  return to;
}

}  // namespace

absl::StatusOr<EnvironmentQuery> ParseEnvironmentQuery(
    absl::string_view selector) {
  v1::EnvironmentSelector message;
  if (!message.ParseFromArray(selector.data(),
                              static_cast<int>(selector.size()))) {
    return MalformedField("environment", "not an EnvironmentSelector");
  }
  switch (message.selector_case()) {
    case v1::EnvironmentSelector::kName:
      return EnvironmentQuery(EnvironmentByName{message.name()});
    case v1::EnvironmentSelector::kPackage:
      return EnvironmentQuery(EnvironmentByPackage{
          message.package().name(), message.package().version(),
          message.package().environment()});
    case v1::EnvironmentSelector::kInline:
      return EnvironmentQuery(ConvertInline(message.inline_()));
    case v1::EnvironmentSelector::SELECTOR_NOT_SET:
      break;
  }
  return MalformedField("environment", "set one of name, package and inline");
}

}  // namespace envknit
