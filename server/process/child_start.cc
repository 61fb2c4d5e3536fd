#include "server/process/child_start.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

// What runs between clone and exec shares memory with the parent, on a stack
// that no sanitizer knows; system calls that change descriptors are made
// directly, since an interceptor would take them for the parent's.
#define ENVKNIT_IN_CHILD \
  __attribute__((no_sanitize("address", "thread", "undefined")))

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer takes clone() for a fork, and its state, which is shared
// here, for the child's. The library's other name for it is not intercepted.
extern "C" int __clone(int (*function)(void*), void* stack, int flags,
                       void* argument, ...);
#define ENVKNIT_CLONE ::__clone
#else
#define ENVKNIT_CLONE ::clone
#endif

namespace envknit {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;

// All that the child needs, laid out before the clone: after it nothing may be
// allocated. The child writes error and step for the parent to read.
struct ChildPlan {
  const char* program = nullptr;
  char* const* argv = nullptr;
  char* const* envp = nullptr;
  int* descriptors = nullptr;
  int descriptor_count = 0;
  int null_fd = -1;
  pid_t parent = 0;
  int parent_death_signal = 0;
  const char* oom_score_adj = nullptr;
  std::size_t oom_score_adj_size = 0;

  int error = 0;
  const char* step = nullptr;
};

ENVKNIT_IN_CHILD int Fail(ChildPlan* plan, const char* step) {
  plan->error = errno;
  plan->step = step;
  ::_exit(127);
}

// Descriptor i becomes a copy of descriptors[i]; all others are closed.
ENVKNIT_IN_CHILD bool PlaceDescriptors(ChildPlan* plan) {
  const int count = plan->descriptor_count;
  // Out of the way first, so that no copy overwrites one still to be copied.
  for (int i = 0; i < count; ++i) {
    const int from =
        plan->descriptors[i] >= 0 ? plan->descriptors[i] : plan->null_fd;
    plan->descriptors[i] = ::fcntl(from, F_DUPFD, count);
    if (plan->descriptors[i] < 0) return false;
  }
  for (int i = 0; i < count; ++i) {
    if (::syscall(SYS_dup3, plan->descriptors[i], i, 0) < 0) return false;
  }
  if (::syscall(SYS_close_range, count, ~0U, 0) != 0) {
    struct rlimit limit;
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return false;
    for (int fd = count; fd < static_cast<int>(limit.rlim_cur); ++fd) {
      ::syscall(SYS_close, fd);
    }
  }
  return true;
}

ENVKNIT_IN_CHILD void ResetSignals() {
  struct sigaction action;
  std::memset(&action, 0, sizeof(action));
  action.sa_handler = SIG_DFL;
  // The two the library keeps to itself are refused, and need no reset.
  for (int signal = 1; signal < _NSIG; ++signal) {
    ::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

ENVKNIT_IN_CHILD int RunChild(void* argument) {
  auto* const plan = static_cast<ChildPlan*>(argument);
  if (plan->parent_death_signal != 0) {
    if (::prctl(PR_SET_PDEATHSIG, plan->parent_death_signal) != 0) {
      return Fail(plan, "PR_SET_PDEATHSIG");
    }
    // It may have died before that.
    if (::getppid() != plan->parent) ::_exit(127);
  }
  if (::setsid() < 0) return Fail(plan, "setsid");
  // Best effort: not writable in some containers.
  const auto oom = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY));
  if (oom >= 0) {
    [[maybe_unused]] const ssize_t written =
        ::write(oom, plan->oom_score_adj, plan->oom_score_adj_size);
  }
  if (!PlaceDescriptors(plan)) return Fail(plan, "place descriptors");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return Fail(plan, "PR_SET_NO_NEW_PRIVS");
  }
  struct rlimit no_core;
  no_core.rlim_cur = 0;
  no_core.rlim_max = 0;
  ::setrlimit(RLIMIT_CORE, &no_core);
  ResetSignals();
  ::execve(plan->program, plan->argv, plan->envp);
  return Fail(plan, "exec");
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Private memory for the child's stack, unmapped at the end of the scope.
class ChildStack final {
 public:
  ChildStack()
      : base_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
  ChildStack(const ChildStack&) = delete;
  ChildStack& operator=(const ChildStack&) = delete;
  ~ChildStack() {
    if (valid()) ::munmap(base_, kStackBytes);
  }
  bool valid() const { return base_ != MAP_FAILED; }
  void* top() const { return static_cast<char*>(base_) + kStackBytes; }

 private:
  void* const base_;
};

}  // namespace

absl::StatusOr<StartedChild> StartChild(const SpawnSpec& spec) {
  std::vector<std::string> arguments = spec.arguments;
  arguments.insert(arguments.begin(), spec.program);
  std::vector<std::string> environment = spec.environment;
  if (!spec.tag.empty()) {
    environment.push_back(absl::StrCat(kTagVariable, "=", spec.tag));
  }
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  std::vector<int> descriptors;
  descriptors.reserve(spec.descriptors.size());
  for (const UniqueFd& fd : spec.descriptors) descriptors.push_back(fd.get());
  const std::string oom_score_adj = absl::StrCat(spec.oom_score_adj);
  const UniqueFd null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_fd.valid()) return absl::ErrnoToStatus(errno, "open /dev/null");

  ChildPlan plan;
  plan.program = spec.program.c_str();
  plan.argv = argv.data();
  plan.envp = envp.data();
  plan.descriptors = descriptors.data();
  plan.descriptor_count = static_cast<int>(descriptors.size());
  plan.null_fd = null_fd.get();
  plan.parent = ::getpid();
  plan.parent_death_signal = spec.parent_death_signal;
  plan.oom_score_adj = oom_score_adj.c_str();
  plan.oom_score_adj_size = oom_score_adj.size();

  const ChildStack stack;
  if (!stack.valid()) return absl::ErrnoToStatus(errno, "mmap a child's stack");
  // No handler of this process may run in the child, on shared memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const pid_t pid = ENVKNIT_CLONE(
      &RunChild, stack.top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD,
      &plan, &pidfd);
  const int clone_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return absl::ErrnoToStatus(clone_error, "clone");
  StartedChild child{pid, UniqueFd(pidfd)};
  if (plan.step != nullptr) {
    ::waitid(P_PID, static_cast<id_t>(pid), nullptr, WEXITED);
    return absl::ErrnoToStatus(plan.error,
                               absl::StrCat(plan.step, " for ", spec.program));
  }
  return child;
}

}  // namespace envknit
