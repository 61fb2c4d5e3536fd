#ifndef ENVKNIT_SERVER_WORKER_HOST_BLAME_H_
#define ENVKNIT_SERVER_WORKER_HOST_BLAME_H_

#include <vector>

namespace envknit {

// What is known of one interpreter when its host is dead.
struct InterpreterAtDeath {
  // The host was killed because of it: its call outlived the ladder, it did not
  // close in time, or it broke the frame contract.
  bool killed_for = false;
  // Its status page says that its thread was ending the process.
  bool ends_process = false;
  // It had calls without a reply.
  bool running = false;
};

// Whose calls are collateral: true for an interpreter that another one took
// down with it. `culprit_left` says that the host was killed for one that had
// closed meanwhile.
//
// The first of these that applies:
// 1. The host was killed for some: they are to blame, all others collateral.
// 2. Some pages say that they ended it: the same. (User code can forge its
//    page, and so have its own call retried, or not.)
// 3. Calls were running: one of them did it, or something from outside (memory,
//    an operator's kill). Nobody knows which, and a retry of the guilty one
//    takes the next host down too, so none that ran is collateral, and the idle
//    ones are.
// 4. Nothing ran: nobody's call is lost, and nobody is collateral.
std::vector<bool> JudgeCollateral(
    const std::vector<InterpreterAtDeath>& interpreters, bool culprit_left);

}  // namespace envknit

#endif  // ENVKNIT_SERVER_WORKER_HOST_BLAME_H_
