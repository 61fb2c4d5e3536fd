#ifndef ENVKNIT_SERVER_ENV_RUNTIME_CATALOG_H_
#define ENVKNIT_SERVER_ENV_RUNTIME_CATALOG_H_

#include <map>
#include <string>
#include <vector>

namespace envknit {

// The worker extension modules of this installation: files called
// envknit_runtime.cpython-3XX-….so in one directory. Which Pythons the daemon
// can use is which of these are there. A value; read once.
class RuntimeCatalog final {
 public:
  RuntimeCatalog() = default;

  // What is in `directory` (absolute); an unreadable one has none.
  static RuntimeCatalog Read(const std::string& directory);

  // The module for that ABI ("cpython-311"); empty if there is none.
  std::string PathFor(const std::string& abi_tag) const;

  // The ABIs, newest Python first, ordinary builds before special ones.
  std::vector<std::string> Abis() const;

 private:
  std::map<std::string, std::string> paths_;
};

// "cpython-311" → "3.11", "cpython-313t" → "3.13"; empty for other texts.
std::string VersionOfAbi(const std::string& abi_tag);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_RUNTIME_CATALOG_H_
