#include "server/pool/wire_bytes.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace envknit {
namespace {

TEST(IsSuccessfulImport, NoMessageIsNoSuccess) {
  const char* const kBad[] = {
      "",            // neither
      "0a",          // a tag without its value
      "0a05",        // longer than what there is
      "0aff",        // an unfinished length
      "0b",          // a group
      "1200",        // exception
      "0a001200",    // of a oneof the last counts
      "720208010a",  // a worker, then half a field
  };
  for (const char* bytes : kBad) {
    EXPECT_FALSE(IsSuccessfulImport(absl::HexStringToBytes(bytes))) << bytes;
  }
}

TEST(IsSuccessfulImport, AModuleDescriptionIsSuccess) {
  const char* const kGood[] = {
      "0a00",
      "0a070a056e756d7079",  // name: numpy
      "12000a00",
      "0a00720208017a00",                      // worker and info behind it
      "500159000000000000000065000000000a00",  // unknown fields of all types
  };
  for (const char* bytes : kGood) {
    EXPECT_TRUE(IsSuccessfulImport(absl::HexStringToBytes(bytes))) << bytes;
  }
}

TEST(EncodeRelease, WritesEpochAndRange) {
  // epoch = 300, ranges = [{first_id = 7, count = 2}]
  EXPECT_EQ(absl::BytesToHexString(EncodeRelease(300, 7, 2)),
            "48ac025a0408071002");
  EXPECT_EQ(absl::BytesToHexString(EncodeRelease(~uint64_t{0}, 1, 128)),
            "48ffffffffffffffffff015a050801108001");
}

}  // namespace
}  // namespace envknit
