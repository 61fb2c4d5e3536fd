#include "server/runtime/module_description.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "server/pyvalue/concat.h"
#include "server/pyvalue/python_ref.h"
#include "server/runtime/name_kind.h"
#include "server/runtime/runtime_schema.h"
#include "server/runtime/type_names.h"

namespace envknit {
namespace {

namespace field = schema::module_description;
using schema::NameKind;

constexpr std::size_t kMaxNames = 4096;
constexpr std::size_t kMaxSubmoduleNames = 4096;
constexpr std::size_t kMaxNameBytes = 512;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxDocBytes = std::size_t{64} << 10;
constexpr int kLevels = 2;

// The dict of a module object; nullptr for anything else in sys.modules.
PyObject* DictOf(PyObject* module) {
  return PyModule_Check(module) ? PyModule_GetDict(module) : nullptr;
}

std::string DictText(PyObject* dict, const char* name, std::size_t max_bytes) {
  PyObject* const value = PyDict_GetItemString(dict, name);  // borrowed
  return value == nullptr ? std::string() : TextOf(value, max_bytes);
}

// Names listed in __all__ are public whatever they look like.
std::unordered_set<std::string> ListedNames(PyObject* dict) {
  std::unordered_set<std::string> names;
  PyObject* const all = PyDict_GetItemString(dict, "__all__");  // borrowed
  if (all == nullptr || !(PyList_CheckExact(all) || PyTuple_CheckExact(all))) {
    return names;
  }
  for (Py_ssize_t i = 0; i < Py_SIZE(all); ++i) {
    std::string name = TextOf(PySequence_Fast_ITEMS(all)[i], kMaxNameBytes);
    if (!name.empty()) names.insert(std::move(name));
  }
  return names;
}

struct Submodule {
  std::string path;
  PyRef module;
};

// Appends the names of `dict` as `number` of the enclosing message, at most
// `room` of them; collects the modules among them. False: some were left out.
bool WriteNames(ByteWriter& out, uint32_t number, PyObject* dict,
                std::size_t& room, std::vector<Submodule>* submodules,
                const std::string& prefix) {
  const std::unordered_set<std::string> listed = ListedNames(dict);
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    if (!PyUnicode_CheckExact(key)) continue;
    const std::string name = TextOf(key, kMaxNameBytes);
    if (name.empty() || (name[0] == '_' && listed.count(name) == 0)) continue;
    if (room == 0) return false;
    --room;
    const NameKind kind = KindOf(value);
    const std::size_t mark = out.Open(number);
    out.BytesField(schema::module_name::kName, name);
    out.VarintField(schema::module_name::kKind, static_cast<uint64_t>(kind));
    out.Close(mark);
    if (kind == NameKind::kModule && submodules != nullptr) {
      submodules->push_back(
          {prefix.empty() ? name : Concat({prefix, ".", name}),
           PyRef::Borrow(value)});
    }
  }
  return true;
}

// Whether `module` is the package's own submodule of that path, and not one it
// imported from elsewhere.
bool IsOwn(const std::string& root, const Submodule& submodule) {
  const std::string full = Concat({root, ".", submodule.path});
  PyObject* const modules = PyImport_GetModuleDict();
  return PyDict_CheckExact(modules) &&
         PyDict_GetItemString(modules, full.c_str()) == submodule.module.get();
}

}  // namespace

void WriteModuleDescription(ByteWriter& out, uint32_t number, PyObject* module,
                            PyObject* requested) {
  const std::size_t mark = out.Open(number);
  PyObject* const dict = DictOf(module);
  std::string name = TextOf(requested, kMaxNameBytes);
  out.TextField(field::kName, name);
  if (dict == nullptr) {
    // Something that put itself into sys.modules: its names are asked for.
    out.VarintField(field::kTruncated, 1);
    out.Close(mark);
    return;
  }
  out.TextField(field::kFile, DictText(dict, "__file__", kMaxTextBytes));
  out.TextField(field::kVersion, DictText(dict, "__version__", kMaxTextBytes));
  out.TextField(field::kDoc, DictText(dict, "__doc__", kMaxDocBytes));
  std::vector<Submodule> level;
  std::size_t room = kMaxNames;
  bool complete =
      WriteNames(out, field::kNames, dict, room, &level, std::string());
  room = kMaxSubmoduleNames;
  for (int depth = 0; depth < kLevels && !level.empty(); ++depth) {
    std::vector<Submodule> next;
    for (const Submodule& submodule : level) {
      PyObject* const names = DictOf(submodule.module.get());
      if (names == nullptr || !IsOwn(name, submodule)) continue;
      const std::size_t entry = out.Open(field::kSubmodules);
      out.BytesField(schema::submodule::kPath, submodule.path);
      complete = WriteNames(out, schema::submodule::kNames, names, room, &next,
                            submodule.path) &&
                 complete;
      out.Close(entry);
    }
    level = std::move(next);
  }
  if (!complete) out.VarintField(field::kTruncated, 1);
  out.Close(mark);
}

}  // namespace envknit
