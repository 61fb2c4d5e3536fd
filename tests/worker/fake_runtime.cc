// A worker for tests: takes the command line of an interpreter, behaves in the
// handshake as FAKE_START says, then does what each call's body says. One
// thread, so a cancel is looked for only where a command does.
#include "tests/worker/fake_runtime.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include <protozero/pbf_writer.hpp>

#include "server/frame/blocking_io.h"
#include "server/frame/worker_signals.h"

namespace envknit {
namespace {

void WriteAll(int fd, const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t n = ::write(fd, text.data() + at, text.size() - at);
    if (n < 0) ::_exit(7);
    at += static_cast<std::size_t>(n);
  }
}

[[noreturn]] void Crash() {
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
  ::_exit(8);
}

class FakeRuntime final {
 public:
  FakeRuntime(FrameReader& control, StatusPageWriter page)
      : control_(control), page_(std::move(page)) {}

  void Run() {
    FrameReader reader(kDefaultMaxPayloadBytes);
    while (true) {
      Result<std::optional<Frame>> frame = ReadFrame(kFakeCallFd, reader);
      if (!frame.ok() || !frame->has_value()) return;
      const FrameHeader& call = (*frame)->header;
      page_.CallRead(call.call_id);
      TakeControlFrames();
      reply_ = {};
      reply_.kind = FrameKind::kReply;
      reply_.call_id = call.call_id;
      reply_.session = call.session;
      reply_.execution_us = 5;
      if (cancelled_.count(call.call_id) != 0) {
        reply_.flags = kFrameSkipped;
        Reply("");
      } else {
        page_.CallStarts(call.call_id, call.carrier, call.deadline_ns());
        Execute(call, (*frame)->payload);
      }
      page_.CallFinished(call.call_id);
    }
  }

 private:
  void Execute(const FrameHeader& call, const std::string& command) {
    const std::size_t colon = command.find(':');
    const std::string name = command.substr(0, colon);
    const std::string rest =
        colon == std::string::npos ? "" : command.substr(colon + 1);
    if (name == "echo") return Reply(rest);
    if (name == "big") return Reply(std::string(std::stoul(rest), 'b'));
    if (name == "handles") {
      reply_.first_handle = std::stoull(rest);
      reply_.handle_count = 2;
      return Reply("two handles");
    }
    if (name == "raw") return WriteAll(kFakeCallFd, rest);
    if (name == "exit") ::_exit(std::stoi(rest));
    if (name == "crash") Crash();
    if (name == "hang") return Hang(rest);
    if (name == "wait_cancel") return WaitForCancel(call.call_id);
    if (name == "print") {
      WriteAll(STDOUT_FILENO, rest + "\n");
      WriteAll(STDERR_FILENO, "err " + rest + "\n");
      return Reply("");
    }
    if (name == "endless_output") {
      const std::string line(1000, 'x');
      while (true) WriteAll(STDOUT_FILENO, line + "\n");
    }
    if (name == "family") return StartFamily();
    if (name == "deadline") return Reply(std::to_string(call.deadline_ns()));
    if (name == "fail") return Fail(rest);
    Misbehave(name);
  }

  void Fail(const std::string& reason) {
    std::string bytes;
    protozero::pbf_writer writer(bytes);
    writer.add_uint32(1, 13);
    writer.add_string(2, reason);
    writer.add_string(3, "it failed");
    reply_.status = StatusCode::kInternal;
    Reply(bytes);
  }

  void Misbehave(const std::string& name) {
    const std::string body = "body";
    if (name == "unknown_id") reply_.call_id += 100;
    if (name == "wrong_session") reply_.session += 1;
    if (name == "wrong_carrier") reply_.carrier = 3;
    if (name == "no_reply_kind") reply_.kind = FrameKind::kPong;
    if (name == "false_interrupt") reply_.flags = kFrameInterrupted;
    if (name == "false_skip") reply_.flags = kFrameSkipped;
    if (name == "many_handles") {
      reply_.first_handle = 1000;
      reply_.handle_count = 1'000'000;
    }
    if (name == "wrapping_handles") {
      reply_.first_handle = UINT64_MAX - 1;
      reply_.handle_count = 3;
    }
    if (name == "zero_handle") reply_.handle_count = 1;
    Reply(body);
    if (name == "twice") Reply(body);
    if (name == "close_call") {
      ::close(kFakeCallFd);
      Hang("");
    }
  }

  // Prints the pid of a child in its group, and of one in a session of its own.
  void StartFamily() {
    const pid_t member = ::fork();
    if (member == 0) Hang("");
    const pid_t stranger = ::fork();
    if (stranger == 0) {
      ::setsid();
      Hang("");
    }
    Reply(std::to_string(member) + " " + std::to_string(stranger));
  }

  void Hang(const std::string& say) {
    if (!say.empty()) WriteAll(STDOUT_FILENO, say + "\n");
    while (true) ::pause();
  }

  void WaitForCancel(uint64_t id) {
    WriteAll(STDOUT_FILENO, "waiting\n");
    while (cancelled_.count(id) == 0) TakeControlFrame();
    reply_.flags = kFrameInterrupted | kFrameRetire;
    Reply("interrupted");
  }

  // Those that are there already.
  void TakeControlFrames() {
    ::fcntl(kFakeControlFd, F_SETFL, O_NONBLOCK);
    Frame frame;
    while (true) {
      while (*control_.Next(frame)) OnControlFrame(frame.header);
      if (*control_.ReadFrom(kFakeControlFd) != FrameReader::Read::kData) break;
    }
    ::fcntl(kFakeControlFd, F_SETFL, 0);
  }

  void TakeControlFrame() {
    const Result<std::optional<Frame>> frame =
        ReadFrame(kFakeControlFd, control_);
    if (!frame.ok() || !frame->has_value()) ::_exit(0);
    OnControlFrame((*frame)->header);
  }

  void OnControlFrame(const FrameHeader& header) {
    if (header.kind == FrameKind::kCancel) cancelled_.insert(header.call_id);
    if (header.kind == FrameKind::kStop) ::_exit(0);
  }

  void Reply(const std::string& payload) {
    if (!WriteFrame(kFakeCallFd, reply_, payload).ok()) ::_exit(9);
  }

  FrameReader& control_;
  StatusPageWriter page_;
  FrameHeader reply_;
  std::set<uint64_t> cancelled_;
};

void OnSignal(int number, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigaction(number, &action, nullptr);
}

void DumpFakeStack(int) {
  constexpr char kStack[] =
      "Current thread 0x00007f (most recent call first):\n"
      "  File \"slow.py\", line 3 in spin\n";
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, kStack, sizeof(kStack) - 1);
}

int Main() {
  OnSignal(StackDumpSignal(), DumpFakeStack);
  OnSignal(DaemonDiedSignal(), [](int) { ::kill(0, SIGKILL); });
  const char* const start = std::getenv("FAKE_START");
  FrameReader control(64 * 1024);
  const uint64_t epoch =
      StartFakeRuntime(start == nullptr ? "" : start, control);
  StatusPageWriter page(
      StatusPageMapping::Map(kFakeStatusFd,
                             StatusPageMapping::Access::kReadWrite)
          .value());
  page.Begin(epoch);
  FakeRuntime(control, std::move(page)).Run();
  return 0;
}

}  // namespace
}  // namespace envknit

int main() { return envknit::Main(); }
