#include "python_client/native/attach_stream.h"

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "python_client/native/byte_buffers.h"
#include "python_client/native/fork_gate.h"
#include "python_client/native/pending_calls.h"
#include "python_client/native/quiet_thread.h"

namespace envknit::native {
namespace {

constexpr char kMethod[] = "/envknit.v1.IsolationService/Attach";
constexpr auto kSlice = std::chrono::milliseconds(100);
// After this long without a poll a call looks first whether the server is
// there.
constexpr auto kIdle = std::chrono::milliseconds(20);
// How long the stream's own thread goes on polling after the last reply to a
// sink: a caller that awaits one call after the other wakes it only once.
constexpr auto kLinger = std::chrono::milliseconds(2);
constexpr uint64_t kDefaultMaxBodyBytes = 16 << 20;
// What a server may make this process allocate for one reply. It is fixed
// before the server tells its own limit, so there is room for generous ones.
constexpr int kMaxReplyBytes = 256 << 20;

// Tags of the completion queue; each operation is outstanding at most once.
enum Tag : intptr_t {
  kWriteTag = 1,
  kReadTag = 2,
  kFinishTag = 3,
  kAlarmTag = 4
};
void* ToPointer(Tag tag) { return reinterpret_cast<void*>(tag); }

std::chrono::system_clock::time_point ToSystemTime(SteadyTime time) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             time - std::chrono::steady_clock::now());
}

class GrpcAttachStream final : public AttachStream {
 public:
  GrpcAttachStream(int fd, const std::string& authority, ReplyHandlers handlers)
      : calls_(std::move(handlers)) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kMaxReplyBytes);
    arguments.SetMaxSendMessageSize(-1);
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, authority);
    channel_ =
        grpc::CreateCustomInsecureChannelFromFd(authority, fd, arguments);
    // The metadata goes out with the first request: one write less.
    context_.set_initial_metadata_corked(true);
    grpc::GenericStub stub(channel_);
    stream_ = stub.PrepareCall(&context_, kMethod, &queue_);
    stream_->StartCall(nullptr);
  }

  ~GrpcAttachStream() override {
    if (server_ != nullptr) {
      {
        std::lock_guard<std::mutex> lock(mu_);
        stopping_ = true;
      }
      serve_.notify_one();
      server_->join();
    }
    context_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  uint64_t Send(AttachFrame frame, PendingCall* pending) override {
    const bool sinks = pending != nullptr && pending->sink != nullptr;
    std::lock_guard<std::mutex> lock(mu_);
    if (sinks && server_ == nullptr)
      server_ = StartQuietThread([this] { ServeSinks(); });
    const uint64_t call_id = frame.numbered ? ++last_call_id_ : 0;
    const bool refused = broken_ || finishing_;
    if (pending != nullptr) {
      pending->call_id = call_id;
      pending->refused = refused;
      if (!refused) calls_.Add(pending);
    }
    if (sinks && !refused && calls_.sinks() == 1 && !led_) serve_.notify_one();
    if (!refused) Write(std::move(frame), call_id);
    return call_id;
  }

  WaitEnd Wait(PendingCall* pending, SteadyTime deadline,
               const std::function<bool()>& interrupted) override {
    SteadyTime next_check = std::chrono::steady_clock::now() + kSlice;
    WaitEnd end = WaitEnd::kReplied;
    std::unique_lock<std::mutex> lock(mu_);
    if (pending->refused) return WaitEnd::kRefused;
    while (!pending->done) {
      if (broken_) {
        end = WaitEnd::kBroken;
        break;
      }
      const SteadyTime now = std::chrono::steady_clock::now();
      if (now >= deadline) {
        end = WaitEnd::kExpired;
        break;
      }
      if (now >= next_check) {
        lock.unlock();
        const bool stop = interrupted();
        lock.lock();
        if (stop) {
          end = WaitEnd::kInterrupted;
          break;
        }
        next_check = std::chrono::steady_clock::now() + kSlice;
        continue;
      }
      const SteadyTime until = std::min(deadline, next_check);
      if (led_ || paused_) {
        pending->parked = true;
        pending->wake.wait_until(lock, until);
        pending->parked = false;
      } else {
        Lead(&lock, until);
      }
    }
    if (!led_) WakeSuccessor();
    return end;
  }

  void Abandon(PendingCall* pending) override {
    std::lock_guard<std::mutex> lock(mu_);
    calls_.Abandon(pending);
  }

  void Poll() override {
    const SteadyTime now = std::chrono::steady_clock::now();
    std::unique_lock<std::mutex> lock(mu_);
    if (led_ || paused_ || !started_ || now - last_polled_ < kIdle) return;
    // From the socket's end to the stream's it is a few events.
    while (!broken_ && !led_ && !paused_ && Lead(&lock, now)) {
    }
    if (!led_) WakeSuccessor();
  }

  UnaryReply CallUnary(const std::string& method, const std::string& request,
                       SteadyTime deadline,
                       const std::function<bool()>& interrupted) override {
    std::unique_lock<ForkGate> inside(gate_);
    return native::CallUnary(channel_, method, request, deadline, [&] {
      inside.unlock();
      const bool stop = interrupted();
      inside.lock();
      return stop;
    });
  }

  void Pause() override {
    std::unique_lock<std::mutex> lock(mu_);
    ++paused_;
    if (led_ && !alarm_set_) {
      alarm_set_ = true;
      alarm_.Set(&queue_, std::chrono::system_clock::now(),
                 ToPointer(kAlarmTag));
    }
    left_.wait(lock, [this] { return !led_; });
    lock.unlock();
    gate_.Close();
  }

  void Resume() override {
    gate_.Open();
    std::lock_guard<std::mutex> lock(mu_);
    if (--paused_ > 0) return;
    if (!writing_ && !broken_) WriteNext();
    EndWrites();
    if (finishing_) left_.notify_all();
    WakeSuccessor();
  }

  void Finish(std::chrono::milliseconds patience) override {
    const SteadyTime deadline = std::chrono::steady_clock::now() + patience;
    std::unique_lock<std::mutex> lock(mu_);
    finishing_ = true;
    EndWrites();
    while (started_ && !broken_ &&
           std::chrono::steady_clock::now() < deadline) {
      if (led_ || paused_ > 0) {
        left_.wait_until(lock, deadline);
      } else {
        Lead(&lock, deadline);
      }
    }
  }

  bool broken() const override {
    std::lock_guard<std::mutex> lock(mu_);
    return broken_;
  }

  StreamEnd end() const override {
    std::lock_guard<std::mutex> lock(mu_);
    return end_;
  }

  uint64_t max_body_bytes() const override { return max_body_bytes_; }

 private:
  // These need mu_.
  void Write(AttachFrame frame, uint64_t call_id) {
    grpc::ByteBuffer buffer = ToByteBuffer(std::move(frame), call_id);
    unwritten_.push_back(std::move(buffer));
    if (!writing_) WriteNext();
  }
  void WriteNext() {
    if (unwritten_.empty() || paused_) return;
    // gRPC holds the slices itself from here on.
    StartWrite(unwritten_.front(), /*more=*/unwritten_.size() > 1);
    unwritten_.pop_front();
    if (!started_) {
      started_ = true;
      stream_->Read(&incoming_, ToPointer(kReadTag));
    }
  }
  // Once all is written, if the stream is to end.
  void EndWrites() {
    if (!finishing_ || writes_done_ || writing_ || !started_ || broken_ ||
        paused_ > 0 || !unwritten_.empty()) {
      return;
    }
    writing_ = true;
    writes_done_ = true;
    stream_->WritesDone(ToPointer(kWriteTag));
  }
  // With `more` to follow at once it may share a system call with that.
  void StartWrite(const grpc::ByteBuffer& buffer, bool more) {
    writing_ = true;
    grpc::WriteOptions options;
    if (more) options.set_buffer_hint();
    stream_->Write(buffer, options, ToPointer(kWriteTag));
  }

  // The stream's own thread: leads while calls with a sink are in flight.
  void ServeSinks() {
    SteadyTime linger_until;
    std::unique_lock<std::mutex> lock(mu_);
    while (!stopping_) {
      const SteadyTime now = std::chrono::steady_clock::now();
      if (calls_.sinks() > 0) linger_until = now + kLinger;
      if (led_ || paused_ || broken_ || now >= linger_until) {
        if (!led_ && !paused_) WakeSuccessor();
        serve_.wait(lock);
      } else {
        Lead(&lock, calls_.sinks() > 0 ? now + kSlice : linger_until);
      }
    }
    if (!led_) WakeSuccessor();
  }

  // Polls once, for every waiting thread; false if nothing happened. `lock`
  // holds mu_, which is given back meanwhile.
  bool Lead(std::unique_lock<std::mutex>* lock, SteadyTime until) {
    led_ = true;
    lock->unlock();
    void* tag = nullptr;
    bool ok = false;
    const auto status = queue_.AsyncNext(&tag, &ok, ToSystemTime(until));
    lock->lock();
    led_ = false;
    if (paused_ > 0 || finishing_) left_.notify_all();
    last_polled_ = std::chrono::steady_clock::now();
    if (status != grpc::CompletionQueue::GOT_EVENT) return false;
    HandleEvent(static_cast<Tag>(reinterpret_cast<intptr_t>(tag)), ok);
    return true;
  }

  // Needs mu_.
  void HandleEvent(Tag tag, bool ok) {
    switch (tag) {
      case kWriteTag:
        writing_ = false;
        if (!ok) {
          unwritten_.clear();
        } else if (!unwritten_.empty()) {
          WriteNext();
        } else {
          EndWrites();
        }
        return;
      case kReadTag:
        if (!ok) {
          stream_->Finish(&status_, ToPointer(kFinishTag));
          return;
        }
        Deliver(ToReplyBytes(incoming_));
        incoming_.Clear();
        stream_->Read(&incoming_, ToPointer(kReadTag));
        return;
      case kAlarmTag:
        alarm_set_ = false;
        return;
      case kFinishTag:
        broken_ = true;
        end_ = {static_cast<int>(status_.error_code()), status_.error_message(),
                status_.error_details(), greeted_};
        calls_.Break();
        return;
    }
  }

  // Needs mu_.
  void Deliver(ReplyBytes bytes) {
    AttachReply reply;
    if (!ParseReply(bytes.view(), &reply)) return;
    if (reply.kind == AttachReply::Kind::kHello) {
      const uint64_t limit = ParseHelloLimit(reply.payload);
      if (limit != 0) max_body_bytes_ = limit;
      greeted_ = true;
      return;
    }
    calls_.Deliver(reply, std::move(bytes));
  }

  // Needs mu_. Someone else polls from now on, if anyone waits.
  void WakeSuccessor() {
    if (calls_.sinks() > 0) {
      serve_.notify_one();
    } else {
      calls_.WakeParked();
    }
  }

  // Constant after construction.
  std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;

  // The thread that runs ServeSinks, made once under mu_.
  std::unique_ptr<std::thread> server_;
  std::condition_variable serve_;

  // Those that CallUnary has inside of gRPC.
  ForkGate gate_;

  // Pause: makes a polling thread leave, and hears of it. Finish hears, too.
  grpc::Alarm alarm_;
  std::condition_variable left_;

  std::atomic<uint64_t> max_body_bytes_{kDefaultMaxBodyBytes};

  mutable std::mutex mu_;
  // Guarded by mu_.
  uint64_t last_call_id_ = 0;
  PendingCalls calls_;
  std::deque<grpc::ByteBuffer> unwritten_;
  bool started_ = false;
  bool writing_ = false;
  bool finishing_ = false;
  bool writes_done_ = false;
  // A thread polls the queue, with mu_ released.
  bool led_ = false;
  bool stopping_ = false;
  // Threads that fork: while there are any, nobody may enter gRPC.
  int paused_ = 0;
  // The alarm is outstanding.
  bool alarm_set_ = false;
  SteadyTime last_polled_;
  bool greeted_ = false;
  bool broken_ = false;
  StreamEnd end_;

  // Belong to the outstanding operations of the queue.
  grpc::ByteBuffer incoming_;
  grpc::Status status_;
};

}  // namespace

std::unique_ptr<AttachStream> AttachStream::Open(int fd,
                                                 const std::string& authority,
                                                 ReplyHandlers handlers) {
  return std::make_unique<GrpcAttachStream>(fd, authority, std::move(handlers));
}

}  // namespace envknit::native
