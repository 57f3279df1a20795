#include "services/gateway/rest/json_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>

#include "quartermaster/ledger/v1/compliance.pb.h"
#include "services/gateway/methods/method_directory.h"

namespace quartermaster::gateway {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

std::string Ours(const Message& message) {
  std::string json;
  EXPECT_TRUE(AppendJson(message, json)) << message.DebugString();
  return json;
}

std::string Theirs(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(message, &json, options).ok());
  return json;
}

void ExpectSame(const Message& message) {
  EXPECT_EQ(nlohmann::json::parse(Ours(message)), nlohmann::json::parse(Theirs(message)))
      << message.GetTypeName() << "\n"
      << message.DebugString();
}

// Fills a message of any type from a seed, some fields not at all.
class Filler {
 public:
  explicit Filler(unsigned seed) : random_(seed) {}

  void Fill(Message& message, int depth) {
    if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
      static constexpr int kNanos[] = {0, 120'000'000, 123'456'000, 7};
      time->set_seconds(Pick(4'000'000'000) - 1'000'000'000);
      time->set_nanos(kNanos[Pick(4)]);
      return;
    }
    const auto& type = *message.GetDescriptor();
    if (type.full_name().rfind("google.protobuf.", 0) == 0) return;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      if (Pick(4) == 0 || (is_message && depth == 0)) continue;
      for (int64_t left = field.is_repeated() ? Pick(4) : 1; left > 0; --left) Set(message, field, depth);
    }
  }

 private:
  int64_t Pick(int64_t below) { return std::uniform_int_distribution<int64_t>(0, below - 1)(random_); }

  std::string Text() {
    static const char* const kTexts[] = {"", "plain", "\"quoted\\\" <b>\n\t\r\x01\x7f", "größer 日本", "a/b"};
    return kTexts[Pick(5)];
  }

  void Set(Message& message, const FieldDescriptor& field, int depth) {
    const auto& reflection = *message.GetReflection();
    const bool list = field.is_repeated();
    switch (field.cpp_type()) {
#define SET(kind, Kind, value)                                                                            \
  case FieldDescriptor::CPPTYPE_##kind:                                                                   \
    list ? reflection.Add##Kind(&message, &field, value) : reflection.Set##Kind(&message, &field, value); \
    return;
      SET(INT32, Int32, static_cast<int32_t>(Pick(3) - 1))
      SET(INT64, Int64, (Pick(3) - 1) * (int64_t{1} << 60))
      SET(UINT32, UInt32, static_cast<uint32_t>(Pick(1u << 31)))
      SET(UINT64, UInt64, static_cast<uint64_t>(Pick(1ll << 62)))
      SET(DOUBLE, Double, static_cast<double>(Pick(1000)) / 7)
      SET(FLOAT, Float, static_cast<float>(Pick(1000)) / 4)
      SET(BOOL, Bool, Pick(2) == 1)
      SET(ENUM, EnumValue, static_cast<int>(Pick(5)))
      SET(STRING, String, Text())
#undef SET
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Fill(list ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field),
             depth - 1);
    }
  }

  std::mt19937 random_;
};

TEST(JsonTextTest, EveryAnswerOfTheApiReadsAsProtobufsOwnWriterHasIt) {
  std::set<std::string> seen;
  const MethodDirectory directory(PublicFiles());
  for (const Method& method : directory.methods()) {
    const auto* type = method.descriptor->output_type();
    if (!seen.insert(type->full_name()).second) continue;
    const std::unique_ptr<Message> message(MessageFactory::generated_factory()->GetPrototype(type)->New());
    ExpectSame(*message);
    for (unsigned seed = 0; seed < 30; ++seed) {
      message->Clear();
      Filler(seed).Fill(*message, 4);
      ExpectSame(*message);
    }
  }
  EXPECT_GT(seen.size(), 15u);
}

TEST(JsonTextTest, FieldsWithPresenceAreThereOnlyWhenSet) {
  ledger::v1::VirtualAccountCompliance account;
  EXPECT_EQ(Ours(account), R"({"virtualAccount":"","status":"COMPLIANCE_STATUS_UNSPECIFIED"})");
  account.set_product_instances(0);
  EXPECT_EQ(nlohmann::json::parse(Ours(account))["productInstances"], "0");
}

TEST(JsonTextTest, TextCannotEndItsString) {
  ledger::v1::PoolCompliance pool;
  pool.set_tag("\"},\x01</script>\\");
  const std::string json = Ours(pool);
  EXPECT_EQ(nlohmann::json::parse(json)["tag"], pool.tag());
  EXPECT_EQ(json.find('<'), std::string::npos);
}

TEST(JsonTextTest, ATimeBeyondTheYear9999HasNoForm) {
  google::protobuf::Timestamp time;
  time.set_seconds(253'402'300'800);
  std::string json;
  EXPECT_FALSE(AppendJson(time, json));
}

}  // namespace
}  // namespace quartermaster::gateway
