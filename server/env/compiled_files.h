#ifndef ENVKNIT_SERVER_ENV_COMPILED_FILES_H_
#define ENVKNIT_SERVER_ENV_COMPILED_FILES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace envknit {

// The ABI a wheel's tag asks for: "cp311-cp311-linux_x86_64" → "cpython-311",
// "cp313-cp313t-…" → "cpython-313t"; nullopt for what runs on several minors
// ("py3-none-any", "cp39-abi3-…").
absl::optional<std::string> AbiOfWheelTag(absl::string_view tag);

// The ABI in the name of a compiled file: "_x.cpython-311-x86_64-linux-gnu.so"
// → "cpython-311"; nullopt for "x.abi3.so", "libx.so", "x.py".
absl::optional<std::string> AbiOfFileName(absl::string_view name);

// The distinct ABIs the code in `install_path` was compiled for, in the order
// found; mostly none or one. Where there are *.dist-info directories, what
// their WHEEL says counts, at one small file each; otherwise the names of the
// files are looked at, the first 4 levels and at most 20,000 entries, ending
// with the first that has a tag: the cost must not grow with a package's data.
std::vector<std::string> FindAbis(const std::string& install_path);

// The first compiled module (.so, .pyd) among the package's own files, relative
// to the install path; nullopt if it is pure Python. Its own files are what
// RECORD lists, else what is under its import names; without a dist-info,
// everything under the install path.
absl::optional<std::string> FindCExtension(const std::string& install_path,
                                           absl::string_view package_name);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_COMPILED_FILES_H_
