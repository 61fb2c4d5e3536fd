#ifndef ENVKNIT_TESTS_FUZZ_EMBEDDED_PYTHON_H_
#define ENVKNIT_TESTS_FUZZ_EMBEDDED_PYTHON_H_

namespace envknit {

// Starts the interpreter that the fuzzers of the codec run in: isolated,
// without site-packages, and with malloc() for every object, so that
// AddressSanitizer sees each. Once per process; ends it if that fails.
void StartPython();

}  // namespace envknit

#endif  // ENVKNIT_TESTS_FUZZ_EMBEDDED_PYTHON_H_
