#ifndef ENVKNIT_SERVER_PROCESS_CLEAN_ENVIRONMENT_H_
#define ENVKNIT_SERVER_PROCESS_CLEAN_ENVIRONMENT_H_

#include <map>
#include <string>
#include <vector>

namespace envknit {

// The environment of a worker, as "NAME=value": of `inherited` (an environ,
// nullptr at its end) only PATH, HOME, LANG, LC_*, TZ and TMPDIR, because
// anything else (PYTHONPATH, LD_PRELOAD, secrets) would change or leak what the
// locked environment is; then `extra`, which wins.
std::vector<std::string> CleanEnvironment(
    const char* const* inherited,
    const std::map<std::string, std::string>& extra);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_PROCESS_CLEAN_ENVIRONMENT_H_
