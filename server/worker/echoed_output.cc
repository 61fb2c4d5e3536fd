#include "server/worker/echoed_output.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace envknit {

EchoedOutput::EchoedOutput(std::unique_ptr<WorkerOutput> output,
                           FdWriter* writer)
    : output_(std::move(output)), writer_(writer) {}

void EchoedOutput::OnLine(OutputStream stream, absl::string_view line) {
  output_->OnLine(stream, line);
  writer_->Write(absl::StrCat(line, "\n"));
}

}  // namespace envknit
