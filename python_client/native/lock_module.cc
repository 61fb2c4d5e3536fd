// The extension module envknit._lock: the daemon's own parser of lock files.
#include <pybind11/pybind11.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"

#include "server/env/compiled_files.h"
#include "server/env/dist_info.h"
#include "server/env/lock_file.h"
#include "server/env/package_name.h"

namespace py = pybind11;

namespace envknit {
namespace {

[[noreturn]] void Throw(const absl::Status& status) {
  PyObject* type = PyExc_ValueError;
  py::object schema_error;
  if (absl::IsUnimplemented(status)) {
    schema_error =
        py::module_::import("envknit.errors").attr("SchemaVersionError");
    type = schema_error.ptr();
  } else if (absl::IsNotFound(status)) {
    type = PyExc_FileNotFoundError;
  } else if (absl::IsPermissionDenied(status)) {
    type = PyExc_PermissionError;
  }
  py::set_error(type, std::string(status.message()).c_str());
  throw py::error_already_set();
}

py::dict ToDict(const LockFile::Package& package) {
  py::dict result;
  result["name"] = package.name;
  result["normalized_name"] = package.normalized_name;
  result["version"] = package.version;
  result["install_path"] = package.install_path;
  return result;
}

py::dict Load(const std::string& path) {
  const absl::StatusOr<LockFile> lock =
      LoadLockFile(path, PathRootsOfProcess());
  if (!lock.ok()) Throw(lock.status());
  py::list environments;
  for (const LockFile::Environment& environment : lock->environments) {
    py::list packages;
    for (const LockFile::Package& package : environment.packages) {
      packages.append(ToDict(package));
    }
    py::dict entry;
    entry["name"] = environment.name;
    entry["python"] = environment.python;
    entry["packages"] = packages;
    environments.append(entry);
  }
  py::dict result;
  result["schema_version"] = lock->schema_version;
  result["environments"] = environments;
  return result;
}

}  // namespace
}  // namespace envknit

PYBIND11_MODULE(_lock, module) {
  module.def("load", &envknit::Load, py::arg("path"));
  module.def(
      "normalize_package_name",
      [](const std::string& name) {
        return envknit::NormalizePackageName(name);
      },
      py::arg("name"));
  module.def(
      "import_names",
      [](const std::string& install_path, const std::string& name) {
        py::list names;
        for (const std::string& found :
             envknit::ImportNamesOfPackage(install_path, name)) {
          names.append(found);
        }
        return names;
      },
      py::arg("install_path"), py::arg("name"));
  module.def(
      "c_extension",
      [](const std::string& install_path, const std::string& name) {
        const absl::optional<std::string> found =
            envknit::FindCExtension(install_path, name);
        return found.has_value() ? py::object(py::str(*found)) : py::none();
      },
      py::arg("install_path"), py::arg("name"));
}
