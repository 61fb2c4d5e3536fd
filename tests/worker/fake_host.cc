// An interpreter host for tests: takes the command line of an interpreter,
// behaves at its start as FAKE_START says, and while opening and closing an
// interpreter as the name of that one's environment says; calls say what they
// want. One thread for each interpreter, as in a real host.
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "server/frame/blocking_io.h"
#include "server/frame/status_page.h"
#include "server/frame/worker_signals.h"

namespace envknit {
namespace {

constexpr int kDescriptorFd = 3;
constexpr int kControlFd = 4;

std::mutex control_mutex;

// Opens the interpreter of environment "late"; set once that was asked for.
std::promise<std::function<void()>> open_late;

void SendControl(FrameKind kind, uint16_t interpreter,
                 const std::string& payload = "", uint16_t flags = 0) {
  const std::lock_guard<std::mutex> lock(control_mutex);
  FrameHeader header;
  header.kind = kind;
  header.interpreter = interpreter;
  header.flags = flags;
  if (!WriteFrame(kControlFd, header, payload).ok()) ::_exit(3);
}

struct Configuration {
  uint64_t epoch = 0;
  std::string environment;
};

Configuration Parse(const std::string& payload) {
  Configuration configuration;
  protozero::pbf_reader reader(payload);
  while (reader.next()) {
    if (reader.tag() == 1) {
      configuration.epoch = reader.get_uint64();
    } else if (reader.tag() == 5) {
      configuration.environment = reader.get_string();
    } else {
      reader.skip();
    }
  }
  return configuration;
}

// An interpreter: its thread, and what the control thread tells it.
class FakeInterpreter final {
 public:
  FakeInterpreter(uint16_t number, int call_fd, int page_fd,
                  Configuration configuration)
      : number_(number),
        call_fd_(call_fd),
        configuration_(std::move(configuration)),
        page_(StatusPageMapping::Map(page_fd,
                                     StatusPageMapping::Access::kReadWrite)
                  .value()) {
    ::close(page_fd);
    page_.Begin(configuration_.epoch);
    SendControl(FrameKind::kReady, number_);
    if (configuration_.environment == "twice_ready") {
      SendControl(FrameKind::kReady, number_);
    }
    std::thread([this] { Run(); }).detach();
  }

  void Cancel(uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_.insert(id);
    changed_.notify_all();
  }

  void Close() {
    if (configuration_.environment == "stays") return;
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    ::shutdown(call_fd_, SHUT_RD);
  }

 private:
  void Run() {
    FrameReader reader(kDefaultMaxPayloadBytes);
    while (true) {
      Result<std::optional<Frame>> frame = ReadFrame(call_fd_, reader);
      if (!frame.ok() || !frame->has_value()) break;
      const FrameHeader& call = (*frame)->header;
      page_.CallRead(call.call_id);
      page_.CallStarts(call.call_id, call.carrier, call.deadline_ns());
      reply_ = {};
      reply_.kind = FrameKind::kReply;
      reply_.call_id = call.call_id;
      reply_.session = call.session;
      Execute((*frame)->payload);
      page_.CallFinished(call.call_id);
    }
    if (!closing_) return;
    ::close(call_fd_);
    SendControl(FrameKind::kInterpreterClosed, number_, "",
                configuration_.environment == "retires" ? kFrameRetire : 0);
  }

  void Execute(const std::string& command) {
    const std::size_t colon = command.find(':');
    const std::string name = command.substr(0, colon);
    const std::string rest =
        colon == std::string::npos ? "" : command.substr(colon + 1);
    if (name == "pid") return Reply(std::to_string(::getpid()));
    if (name == "epoch") return Reply(std::to_string(configuration_.epoch));
    if (name == "hang") {
      Say("busy");
      while (true) ::pause();
    }
    if (name == "wait_cancel") return WaitForCancel();
    if (name == "exit" || name == "crash") page_.SetEndsProcess();
    if (name == "vanish" && ::write(STDERR_FILENO, "gone\n", 5) < 0) ::_exit(7);
    if (name == "exit" || name == "vanish") ::_exit(std::stoi(rest));
    if (name == "crash") {
      ::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
    }
    if (name == "grow") {
      memory_ = std::make_unique<std::string>(std::stoul(rest) << 20, 'm');
      return Reply("");
    }
    // "control:KIND:NUMBER": any frame on the control channel.
    if (name == "control") {
      const std::size_t split = rest.find(':');
      SendControl(static_cast<FrameKind>(std::stoi(rest.substr(0, split))),
                  static_cast<uint16_t>(std::stoi(rest.substr(split + 1))));
    }
    if (name == "open_late") open_late.get_future().get()();
    if (name == "forge") reply_.call_id += 100;
    if (name == "close_call") {
      ::shutdown(call_fd_, SHUT_RDWR);
      while (true) ::pause();
    }
    Reply(rest);
  }

  static void Say(const char* text) {
    const std::string line = std::string(text) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(7);
  }

  void WaitForCancel() {
    Say("waiting");
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] {
      return closing_ || cancelled_.count(reply_.call_id) != 0;
    });
    lock.unlock();
    if (!closing_) reply_.flags = kFrameInterrupted;
    Reply("interrupted");
  }

  void Reply(const std::string& payload) {
    if (!WriteFrame(call_fd_, reply_, payload).ok()) ::_exit(9);
  }

  const uint16_t number_;
  const int call_fd_;
  const Configuration configuration_;
  StatusPageWriter page_;
  FrameHeader reply_;
  std::unique_ptr<std::string> memory_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<uint64_t> cancelled_;
  bool closing_ = false;
};

// The next packet: an interpreter's number, its call channel and page.
uint16_t ReceiveDescriptors(int (&fds)[2]) {
  unsigned char number[2] = {};
  struct iovec part = {number, sizeof(number)};
  alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(fds))] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof(space);
  if (::recvmsg(kDescriptorFd, &message, MSG_CMSG_CLOEXEC) != 2) ::_exit(11);
  const struct cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_len != CMSG_LEN(sizeof(fds))) {
    ::_exit(12);
  }
  std::memcpy(fds, CMSG_DATA(rights), sizeof(fds));
  return static_cast<uint16_t>(number[0] | number[1] << 8);
}

std::string Failure(const std::string& reason, const std::string& message) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(2, reason);
  writer.add_string(3, message);
  return bytes;
}

class FakeHost final {
 public:
  void Start(const std::string& behaviour) {
    if (behaviour == "silent") WaitForEver();
    if (behaviour == "exit") ::_exit(6);
    std::string hello;
    protozero::pbf_writer writer(hello);
    writer.add_uint32(1, 1);
    writer.add_int32(2, ::getpid());
    writer.add_string(3, "3.13.0");
    SendControl(FrameKind::kHello, 0, hello);
    if (Next().header.kind != FrameKind::kConfigure) ::_exit(4);
    if (behaviour == "start_failed") {
      SendControl(FrameKind::kStartFailed, 0,
                  Failure("RUNTIME_NOT_AVAILABLE", "not in this build"));
      ::_exit(5);
    }
    SendControl(FrameKind::kReady, 0);
  }

  [[noreturn]] void Run() {
    while (true) {
      const Frame frame = Next();
      const uint16_t number = frame.header.interpreter;
      switch (frame.header.kind) {
        case FrameKind::kOpenInterpreter:
          Open(number, Parse(frame.payload));
          break;
        case FrameKind::kCloseInterpreter:
          Find(number)->Close();
          break;
        case FrameKind::kCancel:
          Find(number)->Cancel(frame.header.call_id);
          break;
        case FrameKind::kStop:
          ::_exit(0);
        default:
          ::_exit(13);
      }
    }
  }

 private:
  [[noreturn]] static void WaitForEver() {
    while (true) ::pause();
  }

  void Open(uint16_t number, Configuration configuration) {
    int fds[2] = {};
    // In the order of OPEN_INTERPRETER, before each of them.
    if (ReceiveDescriptors(fds) != number) ::_exit(14);
    if (configuration.environment == "refused") {
      return SendControl(FrameKind::kStartFailed, number,
                         Failure("ENV_NOT_INSTALLED", "no numpy there"));
    }
    if (configuration.environment == "stuck") return;
    if (configuration.environment == "late") {
      return open_late.set_value([this, number, call = fds[0], page = fds[1],
                                  configuration = std::move(configuration)] {
        Make(number, call, page, configuration);
      });
    }
    Make(number, fds[0], fds[1], std::move(configuration));
  }

  void Make(uint16_t number, int call_fd, int page_fd,
            Configuration configuration) {
    // Held while it says READY: what comes then is for one that is known.
    const std::lock_guard<std::mutex> lock(mutex_);
    // Never freed: its thread may outlive everything.
    interpreters_[number] =
        new FakeInterpreter(number, call_fd, page_fd, std::move(configuration));
  }

  FakeInterpreter* Find(uint16_t number) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return interpreters_.at(number);
  }

  Frame Next() {
    Result<std::optional<Frame>> frame = ReadFrame(kControlFd, control_);
    if (!frame.ok() || !frame->has_value()) ::_exit(0);
    return **std::move(frame);
  }

  FrameReader control_{64 * 1024};
  std::mutex mutex_;
  std::map<uint16_t, FakeInterpreter*> interpreters_;
};

int Main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { ::kill(0, SIGKILL); };
  ::sigaction(DaemonDiedSignal(), &action, nullptr);
  action.sa_handler = [](int) {};
  ::sigaction(StackDumpSignal(), &action, nullptr);
  const char* const start = std::getenv("FAKE_START");
  auto* const host = new FakeHost();
  host->Start(start == nullptr ? "" : start);
  host->Run();
}

}  // namespace
}  // namespace envknit

int main() { return envknit::Main(); }
