#ifndef ENVKNIT_SERVER_RUNTIME_END_MARKS_H_
#define ENVKNIT_SERVER_RUNTIME_END_MARKS_H_

#include <Python.h>

#include "server/frame/status_page.h"

namespace envknit {

// Which interpreter of a host ended the process: its status page is marked when
// one of its threads gets a fatal signal or calls os._exit(). What is here is
// process-wide, because signal handlers are.

// Installs the handlers, in front of those that are there; also the one that
// passes the signal for stack dumps on to the thread of each interpreter, since
// faulthandler shows the threads of one interpreter only. Once, after
// faulthandler has its own. False: the kernel refuses.
bool InstallEndMarks();

// Replaces os._exit() of the current interpreter by one that marks the page.
// False: a Python exception is set.
bool MarkOsExit();

// While it lives, the calling thread is the one that `page` stands for. Made
// and destroyed by that thread.
class EndMark final {
 public:
  // Gives the thread a stack of its own for signal handlers, so that a stack
  // overflow is marked too. `page` is borrowed.
  explicit EndMark(StatusPageWriter& page);
  EndMark(const EndMark&) = delete;
  EndMark& operator=(const EndMark&) = delete;
  ~EndMark();

  // Whatever other thread has a thread state of `interpreter` belongs to the
  // page as well.
  void Include(PyInterpreterState* interpreter);

 private:
  void* stack_;
  int slot_;
};

}  // namespace envknit

#endif  // ENVKNIT_SERVER_RUNTIME_END_MARKS_H_
