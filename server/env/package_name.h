#ifndef ENVKNIT_SERVER_ENV_PACKAGE_NAME_H_
#define ENVKNIT_SERVER_ENV_PACKAGE_NAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace envknit {

// The form in which PEP 503 compares names of distributions: lower case, runs
// of '-', '_' and '.' as one '-'. "Zope.Interface" → "zope-interface".
std::string NormalizePackageName(absl::string_view name);

// Whether `name` can be a distribution's name: letters, digits, '-', '_', '.',
// with at least one letter or digit. (Names become parts of paths.)
bool IsPackageName(absl::string_view name);

// Whether `version` can be a version: visible ASCII without path separators or
// quotes, with at least one letter or digit.
bool IsPackageVersion(absl::string_view version);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_PACKAGE_NAME_H_
