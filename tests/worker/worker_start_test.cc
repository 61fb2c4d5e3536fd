// An interpreter that is no worker, or not soon enough: the caller must hear
// why, and nothing of it may be left.
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/base/annotated_status.h"
#include "tests/worker/worker_fixture.h"

namespace envknit {
namespace {

using ::testing::HasSubstr;

struct FailedStart {
  const char* behaviour;
  ErrorReason reason;
  const char* message;
};

class WorkerStartTest : public WorkerFixture {
 protected:
  void ExpectFailure(const absl::Status& status, ErrorReason reason,
                     const std::string& message) {
    const absl::optional<ErrorDetail> detail = GetErrorDetail(status);
    ASSERT_TRUE(detail.has_value()) << status;
    EXPECT_EQ(detail->reason, reason) << status;
    EXPECT_EQ(status.code(), ErrorReasonCode(reason));
    EXPECT_THAT(std::string(status.message()), HasSubstr(message));
    EXPECT_FALSE(listener_.Exited());
  }
};

class FailedStartTest : public WorkerStartTest,
                        public ::testing::WithParamInterface<FailedStart> {};

TEST_P(FailedStartTest, IsExplained) {
  SetStartBehaviour(GetParam().behaviour);
  // For those that do nothing.
  options_.hello_timeout = absl::Milliseconds(300);
  options_.ready_timeout = absl::Milliseconds(300);
  ExpectFailure(Start(MakeSpec()).status(), GetParam().reason,
                GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FailedStartTest,
    ::testing::Values(
        FailedStart{"silent", ErrorReason::kWorkerUnavailable,
                    "sent no HELLO within"},
        FailedStart{"hello_only", ErrorReason::kWorkerUnavailable,
                    "sent no READY within"},
        FailedStart{"exit", ErrorReason::kWorkerUnavailable,
                    "exit code 3; its stderr ends with:\nTraceback: no such"},
        FailedStart{"exit_after_hello", ErrorReason::kWorkerUnavailable,
                    "exit code 6"},
        FailedStart{"crash", ErrorReason::kWorkerUnavailable, "signal 11"},
        FailedStart{"no_runtime", ErrorReason::kRuntimeNotAvailable,
                    "ImportError: undefined symbol"},
        FailedStart{"closes", ErrorReason::kWorkerUnavailable, "HELLO"},
        FailedStart{"garbage", ErrorReason::kWorkerUnavailable,
                    "frame of version 165"},
        FailedStart{"ready_first", ErrorReason::kWorkerUnavailable,
                    "READY came instead of HELLO"},
        FailedStart{"call_first", ErrorReason::kWorkerUnavailable,
                    "before READY"},
        FailedStart{"wrong_protocol", ErrorReason::kRuntimeNotAvailable,
                    "speaks version 2"},
        FailedStart{"wrong_pid", ErrorReason::kWorkerUnavailable,
                    "foreign pid"},
        FailedStart{"bad_hello", ErrorReason::kWorkerUnavailable,
                    "can't be read"},
        FailedStart{"start_failed", ErrorReason::kEnvNotInstalled,
                    "no numpy there"}),
    [](const auto& info) { return std::string(info.param.behaviour); });

TEST_F(WorkerStartTest, WithoutARuntimeNothingIsSpawned) {
  WorkerSpec spec = MakeSpec();
  auto environment = std::make_shared<Environment>(*spec.environment);
  environment->interpreter.runtime_path.clear();
  spec.environment = environment;
  ExpectFailure(Start(spec).status(), ErrorReason::kRuntimeNotAvailable,
                "3.11.7");
}

TEST_F(WorkerStartTest, AnInterpreterThatIsNotThereIsNamed) {
  WorkerSpec spec = MakeSpec();
  auto environment = std::make_shared<Environment>(*spec.environment);
  environment->interpreter.path = "/no/such/python";
  spec.environment = environment;
  ExpectFailure(Start(spec).status(), ErrorReason::kInterpreterNotFound,
                "/no/such/python");
}

TEST_F(WorkerStartTest, ThePoolsDeadlineGoesBeforeThePhases) {
  SetStartBehaviour("silent");
  WorkerSpec spec = MakeSpec();
  spec.start_deadline = absl::Now() + absl::Milliseconds(50);
  ExpectFailure(Start(spec).status(), ErrorReason::kWorkerUnavailable,
                "sent no HELLO");
}

TEST_F(WorkerStartTest, TellsWhatWasStarted) {
  StartWorker();
  EXPECT_EQ(worker_->info().epoch, 0x1234'0000'0001U);
  EXPECT_EQ(worker_->info().python, "3.11.7");
  EXPECT_TRUE(IsAlive(worker_->info().pid));
  EXPECT_LE(worker_->info().started, absl::Now());
}

TEST_F(WorkerStartTest, NothingIsLeftOfAFailedStart) {
  SetStartBehaviour("talks_after_ready");
  StartWorker();
  const pid_t pid = worker_->info().pid;
  EXPECT_THAT(*listener_.TakeExit().protocol_error, HasSubstr("HELLO"));
  EXPECT_FALSE(IsAlive(pid));
}

}  // namespace
}  // namespace envknit
