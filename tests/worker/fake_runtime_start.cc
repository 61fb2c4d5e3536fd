#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "server/frame/blocking_io.h"
#include "server/frame/worker_signals.h"
#include "tests/worker/fake_runtime.h"

namespace envknit {
namespace {

void Send(FrameKind kind, const std::string& payload = "") {
  FrameHeader header;
  header.kind = kind;
  if (!WriteFrame(kFakeControlFd, header, payload).ok()) ::_exit(3);
}

std::string Hello(uint32_t protocol, int32_t pid) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_uint32(1, protocol);
  writer.add_int32(2, pid);
  writer.add_string(3, "3.11.7");
  writer.add_string(4, "cpython-311-x86_64-linux-gnu");
  return bytes;
}

std::string Failure(const std::string& reason, const std::string& message) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(2, reason);
  writer.add_string(3, message);
  return bytes;
}

[[noreturn]] void WaitForEver() {
  while (true) ::pause();
}

void Complain(const char* text) {
  [[maybe_unused]] const ssize_t n =
      ::write(STDERR_FILENO, text, std::char_traits<char>::length(text));
}

}  // namespace

uint64_t StartFakeRuntime(const std::string& behaviour, FrameReader& control) {
  const int32_t pid = ::getpid();
  if (behaviour == "silent") WaitForEver();
  if (behaviour == "exit") {
    Complain("Traceback: no such thing\n");
    ::_exit(3);
  }
  if (behaviour == "no_runtime") {
    Complain("ImportError: undefined symbol\n");
    ::_exit(kNoRuntimeExitCode);
  }
  if (behaviour == "crash") {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (behaviour == "closes") {
    ::close(kFakeControlFd);
    WaitForEver();
  }
  if (behaviour == "garbage") {
    const std::string garbage(200, '\xA5');
    [[maybe_unused]] const ssize_t n =
        ::write(kFakeControlFd, garbage.data(), garbage.size());
    WaitForEver();
  }
  if (behaviour == "ready_first") Send(FrameKind::kReady);
  if (behaviour == "call_first") {
    if (!WriteFrame(kFakeCallFd, {.kind = FrameKind::kReply}, "").ok()) {
      ::_exit(3);
    }
    WaitForEver();
  }
  if (behaviour == "wrong_protocol") Send(FrameKind::kHello, Hello(2, pid));
  if (behaviour == "wrong_pid") Send(FrameKind::kHello, Hello(1, pid + 1));
  if (behaviour == "bad_hello") Send(FrameKind::kHello, "\xff\xff\xff");
  Send(FrameKind::kHello, Hello(1, pid));
  if (behaviour == "hello_only") WaitForEver();

  const Result<std::optional<Frame>> frame = ReadFrame(kFakeControlFd, control);
  if (!frame.ok() || !frame->has_value() ||
      (*frame)->header.kind != FrameKind::kConfigure) {
    ::_exit(4);
  }
  protozero::pbf_reader configure((*frame)->payload);
  uint64_t epoch = 0;
  while (configure.next()) {
    if (configure.tag() == 1) {
      epoch = configure.get_uint64();
    } else {
      configure.skip();
    }
  }
  if (behaviour == "start_failed") {
    Send(FrameKind::kStartFailed,
         Failure("ENV_NOT_INSTALLED", "no numpy there"));
    ::_exit(5);
  }
  if (behaviour == "exit_after_hello") ::_exit(6);
  Send(FrameKind::kReady);
  if (behaviour == "talks_after_ready") Send(FrameKind::kHello, Hello(1, pid));
  return epoch;
}

}  // namespace envknit
