// Exit codes, retries and output of whole commands, against a toy node.
#include "clients/qmctl/commands/commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/time/clock.h"
#include "clients/connection/file.h"
#include "clients/qmctl/toy_node.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/status_conversion.h"

namespace quartermaster::qmctl {
namespace {

struct Ended {
  int code;
  std::string out;
  std::string err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

Ended Qmctl(const std::vector<std::string>& arguments, int width = 0) {
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = command_line::RunProgram(QmctlProgram(), arguments, {out, err, width, false});
  return {static_cast<int>(code), out.str(), err.str()};
}

class CommandsTest : public ::testing::Test {
 protected:
  CommandsTest() { unsetenv("QMCTL_CREDENTIALS"); }

  Ended OnNode(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--credentials", node_.credentials(), "--timeout", "5"});
    return Qmctl(arguments);
  }

  std::string File(const std::string& name, const std::string& text) {
    const std::string path = ::testing::TempDir() + "/" + name;
    EXPECT_TRUE(client::WriteFileAtomically(path, text).ok());
    return path;
  }

  ToyNode node_;
};

TEST_F(CommandsTest, UnknownCommandsAndOptionsAreUsageErrors) {
  EXPECT_EQ(Qmctl({}).code, 2);
  EXPECT_EQ(Qmctl({"frobnicate"}).code, 2);
  EXPECT_EQ(Qmctl({"usage"}).code, 2);
  EXPECT_EQ(Qmctl({"usage", "import"}).code, 2);
  EXPECT_EQ(Qmctl({"compliance", "-o", "xml"}).code, 2);
  EXPECT_EQ(OnNode({"compliance", "--as-of", "yesterday"}).code, 2);
  EXPECT_EQ(Qmctl({"smart-account", "unverifiable-reports"}).code, 2);
  EXPECT_EQ(Qmctl({"smart-account", "unverifiable-reports", "--count", "maybe"}).code, 2);
  EXPECT_EQ(Qmctl({"--help"}).code, 0);
}

TEST_F(CommandsTest, WhatTheParserCannotTakeIsOneLineThatSaysFieldGotAndWant) {
  const auto complaint = [](const std::vector<std::string>& arguments) {
    const Ended ended = Qmctl(arguments);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.out, "");
    return ended.err;
  };
  EXPECT_EQ(complaint({"usage"}),
            "qmctl: client.usage: command: got nothing, want one of import, list, show\n");
  EXPECT_EQ(complaint({"usage", "frobnicate"}),
            "qmctl: client.usage: command: got 'frobnicate', want one of import, list, show\n");
  EXPECT_EQ(complaint({"usage", "import"}), "qmctl: client.usage: FILE: got nothing, want a value\n");
  EXPECT_EQ(complaint({"compliance", "more"}),
            "qmctl: client.usage: argument: got 'more', want no more of them for `qmctl compliance`\n");
  EXPECT_EQ(
      complaint({"compliance", "--frobnicate"}),
      "qmctl: client.usage: option: got '--frobnicate', want one that `qmctl compliance --help` shows\n");
  EXPECT_EQ(complaint({"compliance", "-o", "xml"}),
            "qmctl: client.usage: --output: got 'xml', want one of table, json, csv\n");
  EXPECT_EQ(complaint({"compliance", "--timeout", "soon"}),
            "qmctl: client.usage: --timeout: got 'soon', want a number\n");
  EXPECT_EQ(complaint({"usage", "list", "--limit", "-1"}),
            "qmctl: client.usage: --limit: got '-1', want 0 or more\n");
  EXPECT_EQ(complaint({"smart-account", "unverifiable-reports", "--count", "maybe"}),
            "qmctl: client.usage: --count: got 'maybe', want one of yes, no\n");
  EXPECT_EQ(complaint({"compliance", "--profile"}),
            "qmctl: client.usage: --profile: got nothing, want a value\n");
}

TEST_F(CommandsTest, ArgumentsAreUtf8UnlessTheyNameAFileThatIsThere) {
  const Ended refused = OnNode({"compliance", "--virtual-account", "Gr\xfc\x6e"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_NE(refused.err.find("client.usage: argument: got bytes that are not UTF-8 in "), std::string::npos)
      << refused.err;
  EXPECT_EQ(node_.calls, 0);
  const Ended imported = OnNode({"usage", "import", File("gr\xfc\x6e.xml", "accepted\n"), "-o", "json"});
  EXPECT_EQ(imported.code, 0) << imported.err;
}

TEST_F(CommandsTest, AnEndpointThatCannotBeOneIsRefusedAtOnce) {
  for (const char* wrong : {"host:99999", "host:0", "host:", ":8444", "host:port", "a b:1"}) {
    const absl::Time began = absl::Now();
    const Ended ended = OnNode({"compliance", "--endpoint", wrong});
    EXPECT_EQ(ended.code, 2) << wrong;
    EXPECT_NE(ended.err.find("client.usage: endpoint: got '"), std::string::npos) << ended.err;
    EXPECT_LT(absl::Now() - began, absl::Seconds(2));
  }
}

TEST_F(CommandsTest, ConflictsSayInTheirRowWhatStands) {
  const Ended ended = OnNode({"usage", "import", File("conflict.xml", "conflict\n"), "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  const auto row = ended.json()["files"][0]["reports"][0];
  EXPECT_EQ(row["reason"], "ingest.report_conflict");
  EXPECT_NE(std::string(row["message"]).find("want that of report 1-0"), std::string::npos);
}

TEST_F(CommandsTest, WhatARefusedReportDoesNotSayIsNull) {
  const Ended ended = OnNode({"usage", "import", File("bad.xml", "rejected\n"), "-o", "json"});
  const auto row = ended.json()["files"][0]["reports"][0];
  for (const char* field :
       {"entitlement_tag", "report_id", "measurement_count", "in_use", "received_at", "name"}) {
    EXPECT_TRUE(row.at(field).is_null()) << field << ": " << row;
  }
}

TEST_F(CommandsTest, AMissingCredentialIsAUsageErrorThatSaysWhatToGive) {
  const Ended ended = Qmctl({"compliance"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err,
            "qmctl: client.usage: credentials: got none, want --credentials FILE, --profile NAME or "
            "QMCTL_CREDENTIALS\n");
  EXPECT_EQ(Qmctl({"--credentials", "/nowhere", "compliance"}).code, 2);
}

TEST_F(CommandsTest, TheCredentialTravelsAsABearerToken) {
  EXPECT_EQ(OnNode({"compliance"}).code, 0);
  EXPECT_EQ(node_.authorization, "Bearer admin.s3cret");
}

TEST_F(CommandsTest, AnUnreachableNodeIsExitCodeThreeAndTellsWhatWasTried) {
  node_.Stop();
  const Ended ended = Qmctl({"--credentials", node_.credentials(), "--timeout", "0.5", "compliance"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_NE(ended.err.find("qmctl: client.unreachable: node at 127.0.0.1:"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find(" attempts in "), std::string::npos) << ended.err;
}

TEST_F(CommandsTest, RetryableErrorsAreRetriedUntilTheyPass) {
  node_.calls_to_fail = 2;
  node_.compliance.set_smart_account("corp.example.com");
  const Ended ended = OnNode({"compliance", "-o", "json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.json()["smart_account"], "corp.example.com");
  EXPECT_EQ(node_.calls, 3);
}

TEST_F(CommandsTest, ANodeThatNeverServesIsUnreachableWithItsOwnReason) {
  node_.calls_to_fail = 1000000;
  const Ended ended = Qmctl({"--credentials", node_.credentials(), "--timeout", "0.5", "compliance"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_NE(ended.err.find("toy.database_away: database: got no connection"), std::string::npos) << ended.err;
}

TEST_F(CommandsTest, RefusalsOfTheNodeAreExitCodeOneWithReasonAndMessageAndNoRetry) {
  const errors::ErrorKind kind{"ledger.smart_account_unknown", absl::StatusCode::kNotFound, false};
  node_.compliance_status = rpc::ToGrpc(errors::MakeError(kind, "smart_account: got 'x', want a known one"));
  const Ended ended = OnNode({"compliance", "--smart-account", "x"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, "qmctl: ledger.smart_account_unknown: smart_account: got 'x', want a known one\n");
  EXPECT_EQ(node_.calls, 1);
}

TEST_F(CommandsTest, AnImportOfGoodReportsListsThemAndEndsWithZero) {
  const std::string file = File("good.xml", "accepted\nduplicate\n");
  const Ended ended = OnNode({"usage", "import", file, "-o", "json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto json = ended.json();
  ASSERT_EQ(json["files"].size(), 1u);
  const auto& entry = json["files"][0];
  EXPECT_EQ(entry["file"], file);
  EXPECT_EQ(entry["totals"]["accepted"], 1);
  EXPECT_EQ(entry["totals"]["duplicate"], 1);
  EXPECT_TRUE(entry["error"].is_null());
  ASSERT_EQ(entry["reports"].size(), 2u);
  EXPECT_EQ(entry["reports"][0]["outcome"], "accepted");
  EXPECT_EQ(entry["reports"][0]["product_id"], "C9300-24UX");
  EXPECT_EQ(entry["reports"][1]["outcome"], "duplicate");
  EXPECT_EQ(node_.import_bytes, "accepted\nduplicate\n");
}

TEST_F(CommandsTest, ABadReportAmongGoodOnesIsExitCodeOneAndIsNamed) {
  const Ended ended = OnNode({"usage", "import", File("mixed.xml", "accepted\nrejected\naccepted\n")});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.out.find("2 accepted, 0 duplicate, 0 conflict, 1 rejected"), std::string::npos)
      << ended.out;
  EXPECT_NE(ended.out.find("ingest.payload_malformed"), std::string::npos);
}

TEST_F(CommandsTest, AFileThatHoldsNothingIsRefusedWithReasonAndExitCodeOne) {
  const Ended ended = OnNode({"usage", "import", File("empty.xml", ""), "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.json()["files"][0]["error"]["reason"], "ingest.document_empty");
  EXPECT_NE(ended.err.find("ingest.document_empty"), std::string::npos);
}

TEST_F(CommandsTest, AFileThatIsNotThereDoesNotStopTheOthers) {
  const Ended ended =
      OnNode({"usage", "import", "/nowhere.xml", File("one.xml", "accepted\n"), "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  const auto json = ended.json();
  ASSERT_EQ(json["files"].size(), 2u);
  EXPECT_EQ(json["files"][0]["error"]["reason"], "client.file_unreadable");
  EXPECT_EQ(json["files"][1]["totals"]["accepted"], 1);
}

TEST_F(CommandsTest, AnImportWhoseConnectionBreaksStartsAgainAndTellsEachReportOnce) {
  node_.imports_to_break = 1;
  const std::string file = File("broken.xml", "accepted\naccepted\naccepted\nrejected\n");
  const Ended ended = OnNode({"usage", "import", file, "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(node_.calls, 2);
  const auto json = ended.json();
  EXPECT_EQ(json["files"][0]["reports"].size(), 4u);
  EXPECT_EQ(json["files"][0]["totals"]["accepted"], 3);
  EXPECT_EQ(json["files"][0]["totals"]["rejected"], 1);
  EXPECT_NE(ended.err.find("sent again (2 attempts)"), std::string::npos) << ended.err;
}

TEST_F(CommandsTest, SeveralFilesInCsvShareOneHeading) {
  const Ended ended =
      OnNode({"usage", "import", File("a.xml", "accepted\n"), File("b.xml", "accepted\n"), "-o", "csv"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out.find("file,outcome,product_id"), 0u) << ended.out;
  EXPECT_EQ(ended.out.find("file,outcome,product_id", 1), std::string::npos) << ended.out;
}

TEST_F(CommandsTest, AnImportInCsvNamesTheFileOfEachReportAndEndsEachFileWithItsFigures) {
  const std::string good = File("good.xml", "accepted\nduplicate\n");
  const std::string empty = File("empty.xml", "");
  const Ended ended = OnNode({"usage", "import", good, empty, "/nowhere.xml", "-o", "csv"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(
      ended.out,
      "file,outcome,product_id,serial_number,entitlement_tag,report_id,verification,measurement_count,"
      "in_use,received_at,name,reason,message,offset,accepted,duplicate,conflict,rejected,"
      "bytes_done\r\n" +
          good + ",accepted,C9300-24UX,SN0,,,,0,0,,,,,0,,,,,\r\n" + good +
          ",duplicate,C9300-24UX,SN9,,,,0,0,,,,,9,,,,,\r\n" + good + ",,,,,,,,,,,,,,1,1,0,0,19\r\n" + empty +
          ",,,,,,,,,,,ingest.document_empty,\"document: got 0 bytes, want a usage document\",0,0,0,0,0,0"
          "\r\n"
          "/nowhere.xml,,,,,,,,,,,client.file_unreadable,/nowhere.xml: No such file or "
          "directory,,0,0,0,0,0\r\n");
}

void AddAcknowledgement(authority::v1::PollAcknowledgementsResponse& page, const std::string& serial_number) {
  auto& acknowledgement = *page.add_acknowledgements();
  acknowledgement.mutable_udi()->set_product_id("C9300/24");
  acknowledgement.mutable_udi()->set_serial_number(serial_number);
  acknowledgement.set_sequence(1);
  acknowledgement.set_smart_license("file of " + serial_number);
}

class AckPollTest : public CommandsTest {
 protected:
  // 500 senders, the last of which only a vendor can acknowledge.
  AckPollTest() {
    for (int i = 0; i < 499; ++i) {
      if (i % 200 == 0) {
        node_.poll_pages.emplace_back().set_status(
            authority::v1::PollAcknowledgementsResponse::STATUS_COMPLETE);
      }
      AddAcknowledgement(node_.poll_pages.back(), "SN" + std::to_string(i));
    }
    auto& vendors = *node_.poll_pages.back().add_vendor_acknowledgement_required();
    vendors.set_product_id("PID");
    vendors.set_serial_number("SN499");
  }
};

TEST_F(AckPollTest, EveryPageIsPrintedAndEachOfItsFilesWritten) {
  const std::string folder = ::testing::TempDir() + "/acknowledgements";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  const Ended ended = OnNode({"ack", "poll", "77", "--wait", "--folder", folder, "-o", "json"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto json = ended.json();
  EXPECT_EQ(json["status"], "complete");
  EXPECT_EQ(json["acknowledgements"].size(), 499u);
  EXPECT_EQ(json["acknowledgements"][498]["serial_number"], "SN498");
  EXPECT_EQ(json["vendor_acknowledgement_required"], nlohmann::json::array({"PID:SN499"}));
  const std::filesystem::directory_iterator files(folder);
  EXPECT_EQ(std::distance(begin(files), end(files)), 499);
  EXPECT_EQ(*client::ReadFile(folder + "/ACK_C9300%2F24_SN498_1.xml"), "file of SN498");
}

TEST_F(AckPollTest, ATableSaysCompleteOnlyWhenEveryPageDoes) {
  const std::string whole = OnNode({"ack", "poll", "77"}).out;
  EXPECT_NE(whole.find("SN498"), std::string::npos);
  EXPECT_NE(whole.find("PID:SN499: only its vendor can acknowledge\ncomplete: nothing more will come\n"),
            std::string::npos)
      << whole;
  node_.poll_pages[1].set_status(authority::v1::PollAcknowledgementsResponse::STATUS_POLL);
  const std::string open = OnNode({"ack", "poll", "77"}).out;
  EXPECT_NE(open.find("not complete yet: poll again\n"), std::string::npos) << open;
}

TEST_F(AckPollTest, APollThatBreaksOffIsWholeJsonThatIsNotComplete) {
  node_.poll_pages_repeat = true;
  const Ended ended = OnNode({"ack", "poll", "77", "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_NE(ended.err.find("client.answer_malformed"), std::string::npos) << ended.err;
  EXPECT_EQ(ended.json()["status"], "poll");
  EXPECT_EQ(ended.json()["acknowledgements"].size(), 400u);
}

TEST_F(AckPollTest, AFirstPageThatIsRefusedPrintsNothing) {
  node_.poll_pages.clear();
  const Ended ended = OnNode({"ack", "poll", "77", "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out, "");
}

TEST_F(AckPollTest, CsvEndsWithWhatIsToBeSaidOfTheWhole) {
  node_.poll_pages.erase(node_.poll_pages.begin(), node_.poll_pages.end() - 1);
  node_.poll_pages[0].mutable_acknowledgements()->DeleteSubrange(1, 98);
  EXPECT_EQ(OnNode({"ack", "poll", "77", "-o", "csv"}).out,
            "product_id,serial_number,sequence,issued_at,acknowledged_reports,bytes,status,poll_interval_s,"
            "vendor_acknowledgement_required\r\n"
            "C9300/24,SN400,1,,0,13,,,\r\n"
            ",,,,,,complete,0,PID:SN499\r\n");
}

TEST_F(CommandsTest, ListsFollowEveryPageAndStopAtTheLimit) {
  EXPECT_EQ(OnNode({"catalog", "list", "-o", "json"}).json()["license_tags"].size(), 6u);
  EXPECT_EQ(OnNode({"catalog", "list", "-o", "json", "--limit", "4"}).json()["license_tags"].size(), 4u);
}

TEST_F(CommandsTest, ACatalogWithOneBadRowIsNotSentAtAll) {
  const std::string file = File("catalog.csv", "tag,enforcement\na,unenforced\nb,perhaps\n");
  const Ended ended = OnNode({"catalog", "import", file, "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(node_.catalog_imports, 0);
  EXPECT_EQ(ended.json()["errors"][0]["place"], "line 3");
}

TEST_F(CommandsTest, RowsThatTheNodeRefusesAreNamedByTheirLine) {
  auto& error = *node_.import_response.add_errors();
  error.set_row(2);
  error.set_reason("ledger.tag_unknown");
  error.set_message("tag: got 'c', want a tag of the catalogue");
  node_.import_response.set_added(1);
  const std::string file =
      File("rights.csv", "entitlement_id,tag,quantity,end\nE1,a,5,2026-12-31\nE2,b,x,\nE3,c,1,\n");
  const Ended ended = OnNode({"entitlement", "import", file, "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  // Line 3 never left; line 4 was the second row of the request.
  ASSERT_EQ(node_.entitlements_seen.entitlements_size(), 2);
  EXPECT_EQ(ended.json()["added"], 1);
  EXPECT_EQ(ended.json()["errors"][0]["place"], "line 3");
  EXPECT_EQ(ended.json()["errors"][1]["place"], "line 4");
  EXPECT_EQ(ended.json()["errors"][1]["reason"], "ledger.tag_unknown");
}

TEST_F(CommandsTest, AnImportOfRowsInCsvEndsWithItsFigures) {
  node_.import_response.set_added(1);
  const std::string file = File("rights.csv", "entitlement_id,tag,quantity\nE1,a,5\nE2,b,x\n");
  EXPECT_EQ(OnNode({"entitlement", "import", file, "-o", "csv"}).out,
            "place,reason,message,added,updated,unchanged,refused\r\n"
            "line 3,client.input_malformed,\"quantity: got \"\"x\"\", want a whole number\",,,,\r\n"
            ",,,1,0,0,1\r\n");
}

TEST_F(CommandsTest, CleanBooksAreExitCodeZero) {
  const Ended ended = OnNode({"fsck"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.out, "checked 12,345 reports, 0 positions, 0 entries, 0 blocks: the books are clean\n");
  EXPECT_EQ(OnNode({"fsck", "-o", "json"}).json()["findings"].size(), 0u);
}

TEST_F(CommandsTest, EveryDifferenceOfTheBooksIsPrintedAndIsExitCodeOne) {
  ledger::v1::CheckBooksResponse::Finding finding;
  finding.set_rule("position_differs");
  finding.set_subject("C9300-24UX:SN1 tag-1");
  finding.set_got("5");
  finding.set_want("7");
  node_.findings = {finding, finding};
  EXPECT_EQ(OnNode({"fsck"}).code, 1);
  const Ended ended = OnNode({"fsck", "-o", "json"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.json()["findings"].size(), 2u);
  EXPECT_EQ(ended.json()["findings"][0]["rule"], "position_differs");
  EXPECT_EQ(ended.json()["finding_count"], 2);
}

TEST_F(CommandsTest, ComplianceInATableShowsPoolsAndWhatCuresThem) {
  node_.compliance.set_smart_account("corp.example.com");
  node_.compliance.set_status(ledger::v1::COMPLIANCE_STATUS_OUT);
  node_.compliance.mutable_as_of()->set_seconds(1767225600);
  auto& account = *node_.compliance.add_virtual_accounts();
  account.set_virtual_account("Branches");
  account.set_status(ledger::v1::COMPLIANCE_STATUS_OUT);
  account.set_product_instances(1204);
  account.set_reporting_overdue(0);
  auto& pool = *node_.compliance.add_pools();
  pool.set_virtual_account("Branches");
  pool.set_tag("regid.2026-01.example.quartermaster.ESS,1.0_1");
  pool.set_display_name("Network Essentials");
  pool.set_status(ledger::v1::COMPLIANCE_STATUS_OUT);
  pool.set_entitled(1000);
  pool.set_in_use(1204);
  pool.set_balance(-204);
  pool.set_surplus_elsewhere(300);
  EXPECT_EQ(OnNode({"compliance"}).out,
            "Smart account corp.example.com: out, as of 2026-01-01 00:00:00 UTC\n"
            "\n"
            "VIRTUAL ACCOUNT  STATUS  PRODUCT INSTANCES  REPORTING OVERDUE\n"
            "Branches         out                 1,204                  0\n"
            "\n"
            "VIRTUAL ACCOUNT  LICENSE             STATUS  ENTITLED  IN USE  RESERVED  BALANCE  "
            "BORROWED  LENT  REMARK\n"
            "Branches         Network Essentials  out        1,000   1,204         0     -204  "
            "       0     0  300 free in other virtual accounts\n");
}

TEST_F(CommandsTest, APolicyIsSetWithTheDaysOfTheClassesThatAreNamed) {
  const Ended ended =
      OnNode({"policy", "set", "--virtual-account", "Branches", "--perpetual", "30,60,60", "--enforced",
              "1,2,3", "--push-interval", "7", "--acknowledgement", "no", "--type", "controller"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const auto& seen = node_.policy_seen;
  EXPECT_EQ(seen.virtual_account(), "Branches");
  EXPECT_EQ(seen.type(), ledger::v1::POLICY_TYPE_CONTROLLER);
  EXPECT_EQ(seen.push_interval_days(), 7);
  EXPECT_TRUE(seen.has_acknowledgement_required());
  EXPECT_FALSE(seen.acknowledgement_required());
  EXPECT_FALSE(seen.request_id().empty());
  ASSERT_EQ(seen.classes_size(), 2);
  EXPECT_EQ(seen.classes(0).license_class(), ledger::v1::LICENSE_CLASS_UNENFORCED_PERPETUAL);
  EXPECT_EQ(seen.classes(0).first_report_days(), 30);
  EXPECT_EQ(seen.classes(1).on_change_days(), 3);
  ASSERT_EQ(OnNode({"policy", "set"}).code, 0);
  EXPECT_EQ(node_.policy_seen.classes_size(), 0);
  EXPECT_FALSE(node_.policy_seen.has_push_interval_days());
  EXPECT_FALSE(node_.policy_seen.has_acknowledgement_required());
}

TEST_F(CommandsTest, DaysThatAreNotThreeNumbersAreNotSent) {
  for (const char* days : {"30", "30,60", "30,60,x", "30,60,60,60", ",,", "30;60;60"}) {
    const Ended ended = OnNode({"policy", "set", "--perpetual", days});
    EXPECT_EQ(ended.code, 2) << days;
    EXPECT_NE(ended.err.find("--perpetual: got"), std::string::npos) << ended.err;
  }
  EXPECT_EQ(OnNode({"policy", "set", "--type", "merged"}).code, 2);
  EXPECT_EQ(node_.calls, 0);
}

ledger::v1::Deadline& AddDeadline(ledger::v1::ExplainDeadlinesResponse& why, const std::string& tag,
                                  ledger::v1::DeadlineRule rule, int64_t from_s, int days) {
  ledger::v1::Deadline& row = *why.add_deadlines();
  row.set_tag(tag);
  row.set_license_class(ledger::v1::LICENSE_CLASS_UNENFORCED_SUBSCRIPTION);
  row.set_rule(rule);
  row.mutable_from()->set_seconds(from_s);
  row.set_days(days);
  if (days > 0) row.mutable_due()->set_seconds(from_s + days * 86400);
  return row;
}

// 2026-01-01, and an explanation of that day.
constexpr int64_t kNewYearS = 1767225600;
void FillExplanation(ledger::v1::ExplainDeadlinesResponse& why) {
  why.mutable_udi()->set_product_id("C9300");
  why.mutable_udi()->set_serial_number("SN1");
  why.set_virtual_account("Branches");
  why.mutable_as_of()->set_seconds(kNewYearS);
  const auto candidate = [&](ledger::v1::PolicySource source, const std::string& name) -> auto& {
    auto& row = *why.add_candidates();
    *row.mutable_udi() = why.udi();
    row.set_source(source);
    row.set_name(name);
    if (!name.empty()) row.set_type(ledger::v1::POLICY_TYPE_CUSTOM);
    return row;
  };
  candidate(ledger::v1::POLICY_SOURCE_DELIVERED, "Strict").set_in_force(true);
  candidate(ledger::v1::POLICY_SOURCE_VIRTUAL_ACCOUNT, "");
  candidate(ledger::v1::POLICY_SOURCE_SMART_ACCOUNT, "Relaxed");
  candidate(ledger::v1::POLICY_SOURCE_DEFAULT, "Default").set_type(ledger::v1::POLICY_TYPE_DEFAULT);
  why.mutable_policy()->set_name("Strict");
  why.mutable_policy()->set_acknowledgement_required(true);
  why.mutable_policy()->set_push_interval_days(7);
  why.mutable_last_acknowledged()->set_seconds(kNewYearS - 10 * 86400);
  auto& use = *why.add_uses();
  use.set_tag("regid.a");
  use.set_license_class(ledger::v1::LICENSE_CLASS_UNENFORCED_SUBSCRIPTION);
  use.set_in_use(3);
  use.mutable_first_use()->set_seconds(kNewYearS - 100 * 86400);
  AddDeadline(why, "regid.a", ledger::v1::DEADLINE_RULE_ONGOING, kNewYearS - 10 * 86400, 45)
      .set_decides(true);
  AddDeadline(why, "regid.a", ledger::v1::DEADLINE_RULE_ON_CHANGE, kNewYearS - 3 * 86400, 0);
  why.mutable_next_report_due()->set_seconds(kNewYearS + 35 * 86400);
  why.mutable_next_acknowledgement_due()->set_seconds(kNewYearS + 35 * 86400);
  why.set_reporting_status(ledger::v1::REPORTING_STATUS_CURRENT);
}

TEST_F(CommandsTest, WhyShowsADeadlineRuleByRule) {
  FillExplanation(node_.explanation);
  EXPECT_EQ(
      OnNode({"policy", "why", "C9300:SN1"}).out,
      "Product instance C9300:SN1 in Branches, as of 2026-01-01 00:00:00 UTC\n"
      "Last report never, last acknowledgement 2025-12-22 00:00:00 UTC\n"
      "Policy in force: Strict, acknowledgement required, push every 7 days\n"
      "\n"
      "Policies, the first that is there is in force\n"
      "PRODUCT INSTANCE  SOURCE           POLICY   TYPE     IN FORCE\n"
      "C9300:SN1         delivered        Strict   custom   yes\n"
      "C9300:SN1         virtual_account  (none)\n"
      "C9300:SN1         smart_account    Relaxed  custom\n"
      "C9300:SN1         default          Default  default\n"
      "\n"
      "What is used\n"
      "TAG      CLASS                    IN USE  FIRST USE            LAST CHANGE\n"
      "regid.a  unenforced_subscription       3  2025-09-23 00:00:00\n"
      "\n"
      "Rules, the earliest deadline decides\n"
      "TAG      CLASS                    RULE       COUNTS FROM          DAYS  DUE                  DECIDES\n"
      "regid.a  unenforced_subscription  ongoing    2025-12-22 00:00:00    45  2026-02-05 00:00:00  yes\n"
      "regid.a  unenforced_subscription  on_change  2025-12-29 00:00:00     0  none required\n"
      "Next report due: 2026-02-05 00:00:00 UTC\n"
      "Next acknowledgement due: 2026-02-05 00:00:00 UTC\n"
      "Next push expected: not yet known\n"
      "Reporting: current\n");
}

TEST_F(CommandsTest, WhyIsWholeJsonAndALineARuleInCsv) {
  FillExplanation(node_.explanation);
  const auto json = OnNode({"policy", "why", "C9300:SN1", "-o", "json"}).json();
  EXPECT_EQ(json["policy"]["name"], "Strict");
  EXPECT_EQ(json["candidates"][1]["name"], nullptr);
  EXPECT_EQ(json["deadlines"][0]["due"], "2026-02-05T00:00:00Z");
  EXPECT_EQ(json["deadlines"][1]["due"], nullptr);
  EXPECT_EQ(json["next_push_due"], nullptr);
  const std::string csv = OnNode({"policy", "why", "C9300:SN1", "-o", "csv"}).out;
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 3) << csv;
}

TEST_F(CommandsTest, ComplianceOfWhatWasKnownSaysWhen) {
  node_.compliance.set_smart_account("corp.example.com");
  node_.compliance.set_status(ledger::v1::COMPLIANCE_STATUS_IN);
  node_.compliance.mutable_as_of()->set_seconds(1767225600);
  EXPECT_EQ(OnNode({"compliance", "-o", "json"}).json()["known_at"], nullptr);
  node_.compliance.mutable_known_at()->set_seconds(1767312000);
  const Ended ended = OnNode({"compliance", "--known-at", "2026-01-01"});
  EXPECT_EQ(ended.out.substr(0, ended.out.find('\n')),
            "Smart account corp.example.com: in, as of 2026-01-01 00:00:00 UTC,"
            " known at 2026-01-02 00:00:00 UTC");
}

TEST_F(CommandsTest, LedgerVerifySaysWhereItStandsAndFailsOnAnyFinding) {
  const Ended clean = OnNode({"ledger", "verify"});
  EXPECT_EQ(clean.code, 0) << clean.out;
  EXPECT_NE(clean.out.find("head 7:abcd"), std::string::npos) << clean.out;
  node_.findings.emplace_back().set_rule("change_differs");
  const Ended found = OnNode({"ledger", "verify", "-o", "json"});
  EXPECT_EQ(found.code, 1);
  EXPECT_EQ(found.json()["findings"][0]["rule"], "change_differs");
  EXPECT_EQ(found.json()["head_block_id"], 7);
}

TEST_F(CommandsTest, WrongOptionsOfTheLedgerNeverReachTheNode) {
  const std::vector<std::vector<std::string>> wrong = {
      {"ledger", "verify", "--expect-head", "7"},
      {"ledger", "verify", "--expect-head", "seven:ab"},
      {"ledger", "verify", "--expect-head", "0:ab"},
      {"ledger", "history", "--kind", "gift"},
      {"ledger", "history", "--since", "yesterday"},
      {"ledger", "history", "--product-instance", "no colon"},
      {"entitlement", "list", "--as-of", "tomorrow"},
      {"product-instance", "show", "PID:SN", "--known-at", "once"},
      {"entitlement", "consumption-order", "set", "random"}};
  for (const auto& arguments : wrong) EXPECT_EQ(OnNode(arguments).code, 2) << arguments.back();
  EXPECT_EQ(node_.calls, 0);
}

TEST_F(CommandsTest, CompletionKnowsEveryCommand) {
  const Ended bash = Qmctl({"completion", "bash"});
  EXPECT_EQ(bash.code, 0);
  EXPECT_NE(bash.out.find("'usage import'"), std::string::npos);
  EXPECT_NE(bash.out.find("complete -F _qmctl qmctl"), std::string::npos);
  EXPECT_NE(Qmctl({"completion", "zsh"}).out.find("#compdef qmctl"), std::string::npos);
  EXPECT_NE(Qmctl({"completion", "fish"}).out.find("-a compliance"), std::string::npos);
  EXPECT_EQ(Qmctl({"completion", "csh"}).code, 2);
}

// What a user's bash would offer for a line.
std::string Offered(const std::string& script, const std::string& words, int index) {
  const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                              "); COMP_CWORD=" + std::to_string(index) + "; _qmctl; echo ${COMPREPLY[*]}'";
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  char buffer[4096];
  while (fgets(buffer, sizeof(buffer), pipe) != nullptr) out += buffer;
  EXPECT_EQ(pclose(pipe), 0);
  return out;
}

TEST_F(CommandsTest, BashOffersWhatMayFollow) {
  const std::string script = File("completion.bash", Qmctl({"completion", "bash"}).out);
  EXPECT_EQ(Offered(script, "qmctl usage", 2), "import list show\n");
  EXPECT_EQ(Offered(script, "qmctl trust certificate i", 3), "import\n");
  EXPECT_EQ(Offered(script, "qmctl compliance --as", 2), "--as-of\n");
  EXPECT_EQ(Offered(script, "qmctl compliance -o j", 3), "json\n");
}

}  // namespace
}  // namespace quartermaster::qmctl
