#include "python_client/native/type_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "envknit/v1/attach.pb.h"
#include "envknit/v1/calls.pb.h"

namespace envknit::native {
namespace {

// A reply with an epoch and a type; 0 for none.
std::string Bytes(uint64_t epoch, uint32_t type_id, const std::string& name) {
  v1::CallResponse response;
  if (type_id != 0) {
    v1::TypeInfo* type = response.mutable_outcome()->add_types();
    type->set_type_id(type_id);
    type->set_name(name);
  }
  v1::AttachResponse reply;
  reply.set_call_id(1);
  reply.set_body(response.SerializeAsString());
  if (epoch != 0) reply.mutable_info()->set_epoch(epoch);
  return reply.SerializeAsString();
}

void Note(TypeLedger* ledger, uint32_t session, const std::string& bytes,
          AttachMethod method = AttachMethod::kCall) {
  AttachReply reply;
  ASSERT_TRUE(ParseReply(bytes, &reply));
  ledger->Note(session, method, reply);
}

std::string NameOf(const TypeLedger& ledger, uint32_t session, uint64_t epoch,
                   uint32_t type_id) {
  v1::TypeInfo type;
  EXPECT_TRUE(type.ParseFromString(ledger.Find(session, epoch, type_id)));
  return type.name();
}

TEST(TypeLedgerTest, KnowsTheTypesOfTheEpochBeforeUnderTheirIds) {
  TypeLedger ledger;
  ledger.Open(1);
  // The first worker is never named.
  Note(&ledger, 1, Bytes(0, 3, "Old"));
  Note(&ledger, 1, Bytes(8, 0, ""));
  Note(&ledger, 1, Bytes(0, 3, "New"));
  EXPECT_EQ(NameOf(ledger, 1, 7, 3), "Old");
  EXPECT_EQ(NameOf(ledger, 1, 8, 3), "New");
}

TEST(TypeLedgerTest, GivesANewWorkerNoTypeOfTheOneBefore) {
  TypeLedger ledger;
  ledger.Open(1);
  Note(&ledger, 1, Bytes(0, 3, "Old"));
  Note(&ledger, 1, Bytes(8, 0, ""));
  EXPECT_EQ(ledger.Find(1, 8, 3), "");
}

TEST(TypeLedgerTest, ForgetsTheTypesOfWorkersThatAreLongGone) {
  TypeLedger ledger;
  ledger.Open(1);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch)
    Note(&ledger, 1, Bytes(epoch, 3, "Any"));
  EXPECT_EQ(ledger.Find(1, 1, 3), "");
  EXPECT_NE(ledger.Find(1, 2, 3), "");
}

TEST(TypeLedgerTest, KeepsSessionsApartAndNothingOfClosedOnes) {
  TypeLedger ledger;
  ledger.Open(1);
  ledger.Open(2);
  Note(&ledger, 1, Bytes(7, 3, "Any"));
  EXPECT_EQ(ledger.Find(2, 7, 3), "");
  ledger.Close(1);
  EXPECT_EQ(ledger.Find(1, 7, 3), "");
  Note(&ledger, 1, Bytes(7, 3, "Any"));
  EXPECT_EQ(ledger.Find(1, 7, 3), "");
}

TEST(TypeLedgerTest, TakesAnImportsEpochButNoTypes) {
  TypeLedger ledger;
  ledger.Open(1);
  Note(&ledger, 1, Bytes(7, 3, "Any"), AttachMethod::kImport);
  EXPECT_EQ(ledger.Find(1, 7, 3), "");
  Note(&ledger, 1, Bytes(0, 3, "Any"));
  EXPECT_EQ(ledger.Find(1, 6, 3), "");
  EXPECT_NE(ledger.Find(1, 7, 3), "");
}

TEST(TypeLedgerTest, SkipsGarbage) {
  TypeLedger ledger;
  ledger.Open(1);
  AttachReply reply;
  reply.kind = AttachReply::Kind::kBody;
  for (const char* bytes : {"\x0a\x05\x22", "\x0a\x03\x22\x01\xff", "\xff"}) {
    reply.payload = reply.info = bytes;
    ledger.Note(1, AttachMethod::kCall, reply);
  }
  EXPECT_EQ(ledger.Find(1, 0, 1), "");
}

}  // namespace
}  // namespace envknit::native
