#ifndef ENVKNIT_SERVER_RUNTIME_INTERPRETER_SETUP_H_
#define ENVKNIT_SERVER_RUNTIME_INTERPRETER_SETUP_H_

#include <string>
#include <vector>

namespace envknit {

// What user code finds in its interpreter. Each returns false with a Python
// exception set.

// Puts `install_paths` before what `-I -S` left on sys.path, which is the
// standard library. Directories that are there already are not put twice.
bool SetSysPath(const std::vector<std::string>& install_paths);

// An empty __main__ and sys.argv.
bool PrepareInterpreter();

// In interpreters that are not the main one: takes modules of the standard
// library away that raise there, where others stand in for them.
bool AvoidBrokenModules();

// Stacks of all threads on stderr by the signal of protos/README.md. For the
// whole process.
bool RegisterStackDump();

// "3.11.7", and such as "cpython-311-x86_64-linux-gnu". Empty on failure.
std::string PythonVersion();
std::string PythonSoabi();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_INTERPRETER_SETUP_H_
