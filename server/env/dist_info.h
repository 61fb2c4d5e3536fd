#ifndef ENVKNIT_SERVER_ENV_DIST_INFO_H_
#define ENVKNIT_SERVER_ENV_DIST_INFO_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace envknit {

// One *.dist-info directory: what an installer wrote about a distribution.
struct DistInfo {
  // From the directory's name, by PEP 503.
  std::string normalized_name;
  std::string version;
  // The directory, absolute if the install path was.
  std::string directory;
};

// The distributions in `install_path`, sorted by name; one directory listing,
// no file is opened. An unreadable directory has none.
std::vector<DistInfo> ListDistInfos(const std::string& install_path);

// The one called `normalized_name`.
absl::optional<DistInfo> FindDistInfo(const std::string& install_path,
                                      absl::string_view normalized_name);

// The paths in RECORD, relative to the install path; empty if there is none.
std::vector<std::string> RecordedFiles(const DistInfo& dist_info);

// The names by which a program imports what the distribution brought, sorted
// and distinct: the lines of top_level.txt, else what RECORD has as packages
// and modules at the top.
std::vector<std::string> ImportNames(const DistInfo& dist_info);

// The lines "Tag: …" of WHEEL, such as "cp311-cp311-manylinux_2_17_x86_64".
std::vector<std::string> WheelTags(const DistInfo& dist_info);

// The import names of the package in `install_path`; for a directory without
// its dist-info the name itself, as modules are spelled ('-' → '_').
std::vector<std::string> ImportNamesOfPackage(const std::string& install_path,
                                              absl::string_view name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_DIST_INFO_H_
