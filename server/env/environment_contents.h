#ifndef ENVKNIT_SERVER_ENV_ENVIRONMENT_CONTENTS_H_
#define ENVKNIT_SERVER_ENV_ENVIRONMENT_CONTENTS_H_

#include "envknit/environment.h"

namespace envknit {

// What is in the install paths of `environment`: by what its *.dist-info
// directories record, and where there are none by what lies there. Tests and
// examples that a package leaves at the top are no import names: importing them
// says nothing of the package. Blocks.
EnvironmentContents ReadContents(const Environment& environment);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_ENV_ENVIRONMENT_CONTENTS_H_
