#ifndef ENVKNIT_SERVER_RUNTIME_OUTPUT_STREAMS_H_
#define ENVKNIT_SERVER_RUNTIME_OUTPUT_STREAMS_H_

namespace envknit {

// Flushes sys.stdout, sys.stderr and C's stdout, so that what a call printed is
// in the log before its reply. What user code put in their place runs; what it
// raises is dropped. Needs the GIL and no exception set.
void FlushOutput();

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_OUTPUT_STREAMS_H_
