// The calls of UsageService as clients see them, over the whole service and a real PostgreSQL.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/common/crypto/certificate_authority.h"
#include "services/common/errors/error.h"
#include "services/common/rpc/client.h"
#include "services/common/rpc/status_conversion.h"
#include "services/common/testing/eventually.h"
#include "services/common/testing/postgres_fixture.h"
#include "services/ingest/testing/ingest_server.h"
#include "services/ingest/testing/test_reports.h"

namespace quartermaster::ingest {
namespace {

using v1::ReportResult;
using v1::ReportSummary;

std::string ReadFixture(const std::string& name) {
  std::ifstream file("tests/fixtures/rum/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A product instance that holds our trust.
class TrustedInstance {
 public:
  TrustedInstance(IngestDatabase& database, const std::string& sn,
                  crypto::Algorithm algorithm = crypto::Algorithm::kEcdsaP256Sha256)
      : key_(crypto::PrivateKey::Generate(algorithm).value()), sn_(sn) {
    const crypto::Validity validity = {absl::FromUnixSeconds(1'600'000'000),
                                       absl::FromUnixSeconds(1'900'000'000)};
    const auto ca_key = crypto::PrivateKey::Generate(crypto::Algorithm::kEcdsaP256Sha256).value();
    const auto ca = crypto::CertificateAuthority::Create(ca_key, "test CA", validity).value();
    const auto certificate = ca.IssueProductInstance(key_.Public(), {TestReport().pid, sn}, validity).value();
    database.AddTrustCertificate(key_.Public().key_id(), TestReport().pid, sn, std::string(certificate.der()),
                                 "2020-09-13", "2030-03-17");
  }
  std::string Report(int64_t report_id, int64_t count = 2) const {
    return SignedText({.sn = sn_, .report_id = report_id, .count = count}, key_);
  }

 private:
  crypto::PrivateKey key_;
  std::string sn_;
};

class UsageApiTest : public testing::Test {
 protected:
  absl::Status Get(const std::string& name, v1::Report& report) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
    v1::GetReportRequest request;
    request.set_name(name);
    return rpc::FromGrpc(server_.stub().GetReport(&context, request, &report));
  }

  v1::ListReportsResponse List(const v1::ListReportsRequest& request) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
    v1::ListReportsResponse response;
    const absl::Status status = rpc::FromGrpc(server_.stub().ListReports(&context, request, &response));
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }

  IngestServer server_;
};

TEST_F(UsageApiTest, ABuiltinReportIsAcceptedAsUnverifiableAndThenADuplicate) {
  const std::string document = Enclosed(BuiltinText({.count = 3}));
  const v1::SubmitReportsResponse first = server_.SubmitDocument(document);
  ASSERT_EQ(first.results_size(), 1);
  const ReportResult& accepted = first.results(0);
  EXPECT_EQ(accepted.outcome(), ReportResult::OUTCOME_ACCEPTED);
  EXPECT_EQ(accepted.verification(), quartermaster::common::v1::VERIFICATION_STATE_UNVERIFIABLE);
  EXPECT_EQ(accepted.measurement_count(), 1);
  EXPECT_EQ(accepted.in_use(), 3);
  EXPECT_NE(first.poll_id(), 0);
  server_.clock().Advance(absl::Hours(2));
  const v1::SubmitReportsResponse again = server_.SubmitDocument(document);
  EXPECT_EQ(again.results(0).outcome(), ReportResult::OUTCOME_DUPLICATE);
  EXPECT_EQ(again.results(0).name(), accepted.name());
  EXPECT_EQ(again.results(0).received_at().seconds(), accepted.received_at().seconds());
  EXPECT_EQ(again.results(0).received_at().nanos(), accepted.received_at().nanos());
  EXPECT_NE(again.poll_id(), 0);
}

TEST_F(UsageApiTest, EveryFormOfADeviceIsAcceptedAndComesBackByteForByte) {
  for (const char* name : {"v2.xml", "v1.xml", "switch.xml", "sha256.xml", "ha.xml", "escaped_text.xml",
                           "telemetry.xml", "many.xml", "one.json", "usage.json", "lines.jsonl"}) {
    SCOPED_TRACE(name);
    const std::string document = ReadFixture(name);
    const v1::SubmitReportsResponse response = server_.SubmitDocument(document);
    ASSERT_GT(response.results_size(), 0);
    for (const ReportResult& result : response.results()) {
      // Some fixtures hold the same report in another form.
      EXPECT_NE(result.outcome(), ReportResult::OUTCOME_REJECTED) << result.message();
      if (result.outcome() != ReportResult::OUTCOME_ACCEPTED) continue;
      v1::Report report;
      ASSERT_TRUE(Get(result.name(), report).ok());
      EXPECT_EQ(report.measurements_size(), result.measurement_count());
      if (std::string_view(name) == "escaped_text.xml") continue;
      // White space around a CDATA section belongs to the text, but not in one piece.
      const std::string text(absl::StripAsciiWhitespace(report.raw()));
      EXPECT_NE(document.find(text), std::string::npos);
    }
  }
}

TEST_F(UsageApiTest, OurOwnSignatureIsVerified) {
  for (crypto::Algorithm algorithm :
       {crypto::Algorithm::kEcdsaP256Sha256, crypto::Algorithm::kRsa2048Sha256}) {
    const std::string sn(crypto::AlgorithmName(algorithm));
    const TrustedInstance instance(server_.database(), sn, algorithm);
    const ReportResult result = server_.SubmitDocument(Enclosed(instance.Report(1))).results(0);
    EXPECT_EQ(result.outcome(), ReportResult::OUTCOME_ACCEPTED) << result.message();
    EXPECT_EQ(result.verification(), quartermaster::common::v1::VERIFICATION_STATE_VERIFIED);
  }
}

TEST_F(UsageApiTest, TrustCountsFromItsImportOn) {
  // Seen before there was any trust, and remembered as such.
  ASSERT_EQ(server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A", .report_id = 1}))).results(0).outcome(),
            ReportResult::OUTCOME_ACCEPTED);
  const TrustedInstance other(server_.database(), "B");
  absl::SleepFor(absl::Milliseconds(30));
  ASSERT_EQ(server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A", .report_id = 2}))).results(0).outcome(),
            ReportResult::OUTCOME_ACCEPTED);
  const TrustedInstance instance(server_.database(), "A");
  absl::SleepFor(absl::Milliseconds(30));
  const ReportResult downgraded =
      server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A", .report_id = 3}))).results(0);
  EXPECT_EQ(downgraded.outcome(), ReportResult::OUTCOME_REJECTED);
  EXPECT_EQ(downgraded.reason(), "ingest.report_signature_missing");
  EXPECT_EQ(downgraded.verification(), quartermaster::common::v1::VERIFICATION_STATE_REJECTED);
  const ReportResult verified = server_.SubmitDocument(Enclosed(instance.Report(3))).results(0);
  EXPECT_EQ(verified.outcome(), ReportResult::OUTCOME_ACCEPTED);
  // The unverifiable report of before, now signed: it replaces what was there.
  const ReportResult raised = server_.SubmitDocument(Enclosed(instance.Report(1))).results(0);
  EXPECT_EQ(raised.outcome(), ReportResult::OUTCOME_ACCEPTED);
  EXPECT_EQ(raised.verification(), quartermaster::common::v1::VERIFICATION_STATE_VERIFIED);
}

TEST_F(UsageApiTest, ForgedReportsAreRejectedAndClaimNothing) {
  const TrustedInstance instance(server_.database(), "A");
  const TrustedInstance thief(server_.database(), "B");
  std::string changed = instance.Report(1);
  changed.replace(changed.find("\\\"value\\\":\\\"2"), 13, "\\\"value\\\":\\\"1");
  const v1::SubmitReportsResponse response = server_.SubmitDocument(FileOf({changed, instance.Report(1)}));
  EXPECT_EQ(response.results(0).reason(), "ingest.report_signature_invalid");
  EXPECT_EQ(response.results(1).outcome(), ReportResult::OUTCOME_ACCEPTED);
}

TEST_F(UsageApiTest, OneBadReportNeverSinksItsBatch) {
  std::string negative = BuiltinText({.report_id = 2, .count = -1});
  const v1::SubmitReportsResponse response = server_.SubmitDocument(
      FileOf({BuiltinText({.report_id = 1}), negative, "{\"payload\":", BuiltinText({.report_id = 3})}));
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).outcome(), ReportResult::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.results(1).outcome(), ReportResult::OUTCOME_REJECTED);
  EXPECT_EQ(response.results(1).reason(), "ingest.count_out_of_range");
  EXPECT_EQ(response.results(2).outcome(), ReportResult::OUTCOME_REJECTED);
  EXPECT_EQ(response.results(3).outcome(), ReportResult::OUTCOME_ACCEPTED);
  for (int i = 1; i < 4; ++i) {
    EXPECT_GT(response.results(i).offset(), response.results(i - 1).offset());
  }
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM rum_reports"), 2);
}

TEST_F(UsageApiTest, ADocumentThatBreaksOffAnswersWhatWasReadAndTheOffset) {
  const std::string good = "<smartLicense>" + Enclosed(BuiltinText({}));
  const v1::SubmitReportsResponse response = server_.SubmitDocument(good + "<RUMReport><oops>");
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).outcome(), ReportResult::OUTCOME_ACCEPTED);
  EXPECT_EQ(response.results(1).outcome(), ReportResult::OUTCOME_REJECTED);
  EXPECT_GE(response.results(1).offset(), static_cast<int64_t>(good.size()));
  EXPECT_NE(response.results(1).message(), "");
}

TEST_F(UsageApiTest, WhatIsNoUsageDocumentFailsTheCall) {
  struct Case {
    std::string document;
    const char* reason;
  };
  for (const Case& c :
       {Case{"", ""}, Case{"<html><body>login</body></html>", "ingest.document_not_usage"},
        Case{std::string("\x00\x01\x02", 3), ""},
        Case{"<!DOCTYPE x [<!ENTITY a \"b\">]><RUMReport>&a;</RUMReport>", "ingest.doctype_refused"}}) {
    v1::SubmitReportsRequest request;
    request.set_document(c.document);
    v1::SubmitReportsResponse response;
    const absl::Status status = server_.Submit(request, response);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    if (*c.reason != '\0') {
      EXPECT_EQ(errors::ErrorId(status), c.reason);
    }
  }
  v1::SubmitReportsRequest large;
  large.set_document(std::string((4 << 20) + 1, ' '));
  v1::SubmitReportsResponse response;
  EXPECT_EQ(errors::ErrorId(server_.Submit(large, response)), "ingest.document_too_large");
}

TEST_F(UsageApiTest, AccountsAreNamedOrTheCallersOrTheDefault) {
  IngestDatabase& database = server_.database();
  const int64_t other = database.AddAccount("other.example.com");
  const int64_t door = database.AddVirtualAccount(other, "Branch");
  v1::SubmitReportsRequest request;
  request.set_smart_account("OTHER.example.com");
  request.set_virtual_account("branch");
  request.set_document(Enclosed(BuiltinText({.sn = "named"})));
  v1::SubmitReportsResponse response;
  ASSERT_TRUE(server_.Submit(request, response).ok());
  EXPECT_EQ(database.Number("SELECT smart_account_id FROM report_senders WHERE udi_sn = 'named'"), other);
  EXPECT_EQ(database.Number("SELECT door_virtual_account_id FROM rum_reports"), door);

  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(20),
                      {.actor = "x", .smart_account = "other.example.com", .role = "device"});
  v1::SubmitReportsRequest bound;
  bound.set_document(Enclosed(BuiltinText({.sn = "bound"})));
  ASSERT_TRUE(server_.stub().SubmitReports(&context, bound, &response).ok());
  EXPECT_EQ(database.Number("SELECT smart_account_id FROM report_senders WHERE udi_sn = 'bound'"), other);

  request.set_virtual_account("nowhere");
  EXPECT_EQ(errors::ErrorId(server_.Submit(request, response)), "ingest.virtual_account_unknown");
  request.set_smart_account("nobody");
  EXPECT_EQ(errors::ErrorId(server_.Submit(request, response)), "ingest.smart_account_unknown");
  // At home elsewhere.
  const ReportResult elsewhere =
      server_.SubmitDocument(Enclosed(BuiltinText({.sn = "named", .report_id = 2}))).results(0);
  EXPECT_EQ(elsewhere.reason(), "ingest.product_instance_belongs_elsewhere");
}

TEST_F(UsageApiTest, ACallerThatIsBoundToAnAccountNamesNoOther) {
  server_.database().AddAccount("other.example.com");
  const std::string name = server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A"}))).results(0).name();
  for (const char* role : {"administrator", "device"}) {
    for (const auto& [account, want] : {std::pair("other.example.com", "rpc.smart_account_denied"),
                                        {"CORP.example.com", "internal.ok"},
                                        {"", "internal.ok"}}) {
      const auto call = [&](auto method, auto request, auto response) {
        grpc::ClientContext context;
        rpc::PrepareContext(context, absl::Now() + absl::Seconds(20),
                            {.actor = "x", .smart_account = "corp.example.com", .role = role});
        request.set_smart_account(account);
        const absl::Status status = rpc::FromGrpc((server_.stub().*method)(&context, request, &response));
        EXPECT_EQ(errors::ErrorId(status), want) << role << " " << account << " " << status;
      };
      using Stub = v1::UsageService::Stub;
      v1::SubmitReportsRequest submit;
      submit.set_document(Enclosed(BuiltinText({.sn = "A"})));
      call(&Stub::SubmitReports, submit, v1::SubmitReportsResponse());
      call(&Stub::ListReports, v1::ListReportsRequest(), v1::ListReportsResponse());
      v1::GetReportRequest get;
      get.set_name(name);
      call(&Stub::GetReport, get, v1::Report());

      grpc::ClientContext context;
      rpc::PrepareContext(context, absl::Now() + absl::Seconds(20),
                          {.actor = "x", .smart_account = "corp.example.com", .role = role});
      const auto stream = server_.stub().ImportUsage(&context);
      v1::ImportUsageRequest message;
      message.mutable_start()->set_smart_account(account);
      stream->Write(message);
      message.set_chunk(submit.document());
      stream->Write(message);
      stream->WritesDone();
      v1::ImportUsageResponse response;
      while (stream->Read(&response)) {
      }
      EXPECT_EQ(errors::ErrorId(rpc::FromGrpc(stream->Finish())), want) << role << " " << account;
    }
  }
}

TEST_F(UsageApiTest, AStoredReportComesBackByteForByteWithItsMeasurements) {
  const std::string text = BuiltinText({.sn = "A", .report_id = 5, .count = 4});
  const std::string name = server_.SubmitDocument(Enclosed(text)).results(0).name();
  v1::Report report;
  ASSERT_TRUE(Get(name, report).ok());
  EXPECT_EQ(report.raw(), text);
  EXPECT_EQ(report.payload_sha256().size(), 64u);
  EXPECT_EQ(report.software_version(), "17.09.02");
  ASSERT_EQ(report.measurements_size(), 1);
  EXPECT_EQ(report.measurements(0).count(), 4);
  EXPECT_EQ(report.measurements(0).metric_name(), "ENTITLEMENT");
  EXPECT_EQ(report.measurements(0).termination_reason(), "CurrentUsageRequested");
  EXPECT_EQ(report.measurements(0).start_time().seconds(), TestReport().start_s);
  EXPECT_EQ(report.measurements(0).log_time().seconds(), TestReport().start_s);
  EXPECT_EQ(report.summary().in_use(), 4);
  EXPECT_EQ(report.summary().report_id(), 5);
  EXPECT_EQ(report.summary().progress(), ReportSummary::PROGRESS_RECEIVED);
  EXPECT_EQ(errors::ErrorId(Get("999-0", report)), "ingest.report_unknown");
  EXPECT_EQ(errors::ErrorId(Get("nonsense", report)), "ingest.report_unknown");
}

TEST_F(UsageApiTest, ListsPageNewestFirstAndFilter) {
  for (int i = 1; i <= 5; ++i) {
    server_.clock().Advance(absl::Minutes(1));
    server_.SubmitDocument(FileOf({BuiltinText({.sn = "A", .report_id = i}),
                                   BuiltinText({.sn = "B", .tag = "tag-b", .report_id = i})}));
  }
  v1::ListReportsRequest request;
  request.set_page_size(3);
  std::vector<std::string> names;
  int pages = 0;
  do {
    const v1::ListReportsResponse page = List(request);
    EXPECT_LE(page.reports_size(), 3);
    for (const ReportSummary& report : page.reports()) names.push_back(report.name());
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 4);
  ASSERT_EQ(names.size(), 10u);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 10u);

  v1::ListReportsRequest of_a;
  of_a.set_product_id(TestReport().pid);
  of_a.set_serial_number("A");
  of_a.set_page_size(2);
  std::vector<int64_t> ids;
  do {
    const v1::ListReportsResponse page = List(of_a);
    for (const ReportSummary& report : page.reports()) {
      EXPECT_EQ(report.udi().serial_number(), "A");
      ids.push_back(report.report_id());
    }
    of_a.set_page_token(page.next_page_token());
  } while (!of_a.page_token().empty());
  EXPECT_EQ(ids, (std::vector<int64_t>{5, 4, 3, 2, 1}));

  v1::ListReportsRequest of_tag;
  of_tag.set_entitlement_tag("tag-b");
  EXPECT_EQ(List(of_tag).reports_size(), 5);
  of_tag.set_serial_number("A");
  EXPECT_EQ(List(of_tag).reports_size(), 0);
}

TEST_F(UsageApiTest, ProgressFollowsTheLedgerAndTheAcknowledgements) {
  IngestDatabase& database = server_.database();
  const std::string unverifiable =
      server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A", .report_id = 1}))).results(0).name();
  server_.SubmitDocument(Enclosed(BuiltinText({.sn = "A", .report_id = 1, .count = 9})));
  const TrustedInstance instance(database, "A");
  absl::SleepFor(absl::Milliseconds(30));
  server_.SubmitDocument(Enclosed(instance.Report(1, 3)));
  server_.SubmitDocument(Enclosed(instance.Report(2)));
  v1::ListReportsRequest request;
  request.set_serial_number("A");
  const auto progress = [&] {
    std::string text;
    const v1::ListReportsResponse page = List(request);
    for (const ReportSummary& report : page.reports()) {
      text += absl::StrCat(static_cast<int>(report.progress()), " ");
    }
    return text;
  };
  // Newest first: report 2, the verified report 1, the conflict, the one that was replaced.
  EXPECT_EQ(progress(), "1 1 5 6 ");
  database.Run(
      "INSERT INTO ledger_cursors SELECT 'apply_reports', incarnation, xid, change_id,"
      " received_at FROM ingest_changes ORDER BY xid DESC OFFSET 1 LIMIT 1");
  EXPECT_EQ(progress(), "1 2 5 6 ");
  database.Run("UPDATE ledger_cursors SET xid = '9223372036854775807'");
  database.Run(
      "INSERT INTO acknowledgements (smart_account_id, sender_id, sequence, issued_at,"
      " report_count, through_change_id, reports) SELECT smart_account_id,"
      " (SELECT sender_id FROM report_senders), 1, received_at, 1, change_id, ''"
      " FROM ingest_changes ORDER BY xid DESC OFFSET 1 LIMIT 1");
  EXPECT_EQ(progress(), "2 4 5 6 ");
  // What ledger had to set aside is neither, wherever its cursor stands.
  database.Run(
      "INSERT INTO set_aside_reports (smart_account_id, change_id, place, product_instance_id, tag_id,"
      " reason, set_aside_at) SELECT smart_account_id, change_id, place, 0, 0, 'damaged', received_at"
      " FROM rum_reports WHERE verification = 1");
  EXPECT_EQ(progress(), "1 1 5 6 ");
  v1::Report report;
  ASSERT_TRUE(Get(unverifiable, report).ok());
  EXPECT_EQ(report.summary().progress(), ReportSummary::PROGRESS_SUPERSEDED);
}

TEST_F(UsageApiTest, ADocumentOfTooManyReportsIsAnsweredUpToTheLimit) {
  std::string document;
  for (int i = 0; i < 2'000'000; ++i) document += "{}";
  const absl::Time start = absl::Now();
  const v1::SubmitReportsResponse response = server_.SubmitDocument(document);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  ASSERT_EQ(response.results_size(), 10'001);
  EXPECT_EQ(response.results(10'000).reason(), "ingest.too_many_reports");
  EXPECT_EQ(response.results(10'000).offset(), 20'000);
  EXPECT_EQ(response.results(9'999).offset(), 19'998);
  EXPECT_NE(response.results(10'000).message().find("ImportUsage"), std::string::npos);
  // An import takes them all.
  const IngestServer::Imported imported = server_.Import({}, document.substr(0, 100'000), 100'000);
  EXPECT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.summary.totals().rejected(), 50'000);
  EXPECT_EQ(imported.results.size(), 50'000u);
}

TEST_F(UsageApiTest, TheAnswerToTheMostReportsThatADocumentMayHoldFitsIntoAMessage) {
  std::string document = "<smartLicense>";
  const std::string tag(255, 't');
  int sent = 0;
  for (; sent < 10'000 && document.size() < (size_t{4} << 20) - 4000; ++sent) {
    document += Enclosed(BuiltinText(
        {.pid = std::string(64, 'p'), .sn = std::string(64, 's'), .tag = tag, .report_id = sent + 1}));
  }
  document += "</smartLicense>";
  EXPECT_EQ(server_.SubmitDocument(document).results_size(), sent);
}

TEST_F(UsageApiTest, ImportsThatAreCancelledAtAnyMomentLeaveNothingBehind) {
  std::string file = "<smartLicense>";
  for (int i = 1; i <= 400; ++i) file += Enclosed(BuiltinText({.report_id = i}));
  for (int round = 0; round < 60; ++round) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
    const auto stream = server_.stub().ImportUsage(&context);
    v1::ImportUsageRequest request;
    request.mutable_start();
    stream->Write(request);
    std::thread canceller([&] {
      absl::SleepFor(absl::Microseconds(150 * round));
      context.TryCancel();
    });
    for (size_t at = 0; at < file.size(); at += 20'000) {
      request.set_chunk(file.substr(at, 20'000));
      if (!stream->Write(request)) break;
    }
    canceller.join();
    stream->Finish();
  }
  // All of them are over: as many as may run find room.
  const IngestServer::Imported imported = server_.Import({}, file + "</smartLicense>");
  EXPECT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.summary.totals().accepted() + imported.summary.totals().duplicate(), 400);
}

TEST_F(UsageApiTest, AnImportAnswersInOrderAndSumsUp) {
  std::vector<std::string> texts;
  for (int i = 1; i <= 600; ++i)
    texts.push_back(BuiltinText({.sn = absl::StrCat("S", i % 7), .report_id = i}));
  texts[100] = BuiltinText({.sn = "bad", .report_id = 1, .count = -5});
  texts[300] = texts[200];
  const std::string file = FileOf(texts);
  v1::ImportUsageRequest::Start start;
  start.set_list_accepted(true);
  const IngestServer::Imported imported = server_.Import(start, file, 10'000);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.summary.totals().accepted(), 598);
  EXPECT_EQ(imported.summary.totals().duplicate(), 1);
  EXPECT_EQ(imported.summary.totals().rejected(), 1);
  EXPECT_EQ(imported.summary.totals().bytes_done(), static_cast<int64_t>(file.size()));
  EXPECT_EQ(imported.summary.reason(), "");
  ASSERT_EQ(imported.results.size(), 600u);
  for (size_t i = 1; i < imported.results.size(); ++i) {
    EXPECT_GT(imported.results[i].offset(), imported.results[i - 1].offset());
  }
  EXPECT_EQ(imported.results[100].reason(), "ingest.count_out_of_range");

  start.set_list_accepted(false);
  const IngestServer::Imported again = server_.Import(start, file);
  EXPECT_EQ(again.summary.totals().duplicate(), 599);
  EXPECT_EQ(again.results.size(), 600u);
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM rum_reports"), 598);
}

TEST_F(UsageApiTest, AnImportThatBreaksOffKeepsWhatWasAnswered) {
  std::string file = "<smartLicense>";
  for (int i = 1; i <= 50; ++i) file += Enclosed(BuiltinText({.report_id = i}));
  const size_t broken_at = file.size();
  file += "<<<" + std::string(200'000, 'x');
  const IngestServer::Imported imported = server_.Import({}, file, 5'000);
  ASSERT_TRUE(imported.status.ok()) << imported.status;
  EXPECT_EQ(imported.summary.totals().accepted(), 50);
  EXPECT_EQ(imported.summary.reason(), "ingest.document_malformed");
  EXPECT_GE(imported.summary.offset(), static_cast<int64_t>(broken_at));
  EXPECT_LE(imported.summary.offset(), static_cast<int64_t>(broken_at) + 3);
  EXPECT_LE(imported.summary.totals().bytes_done(), static_cast<int64_t>(broken_at));
}

TEST_F(UsageApiTest, AnImportThatWasCutIsSimplyRunAgain) {
  std::vector<std::string> texts;
  for (int i = 1; i <= 2000; ++i) texts.push_back(BuiltinText({.report_id = i}));
  const std::string file = FileOf(texts);
  {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(60));
    const auto stream = server_.stub().ImportUsage(&context);
    v1::ImportUsageRequest request;
    request.mutable_start();
    ASSERT_TRUE(stream->Write(request));
    for (size_t at = 0; at < file.size() / 2; at += 100'000) {
      request.set_chunk(file.substr(at, 100'000));
      ASSERT_TRUE(stream->Write(request));
    }
    v1::ImportUsageResponse response;
    ASSERT_TRUE(stream->Read(&response));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  const IngestServer::Imported again = server_.Import({}, file);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.summary.totals().accepted() + again.summary.totals().duplicate(), 2000);
  EXPECT_GT(again.summary.totals().duplicate(), 0);
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM rum_reports"), 2000);
}

TEST_F(UsageApiTest, SystemInfosOfAnImportAreKeptForKnownSenders) {
  const auto info = [](const std::string& sn, const std::string& hostname) {
    return absl::StrCat("<smartLicenseSystemInfo><data>{\"sudi\":{\"udi_pid\":\"", TestReport().pid,
                        "\",\"udi_serial_number\":\"", sn, "\"},\"hostname\":\"", hostname,
                        "\"}</data></smartLicenseSystemInfo>");
  };
  std::string file = "<smartLicense>" + info("S1", "edge-1");
  for (int i = 1; i <= 500; ++i) {
    file += Enclosed(BuiltinText({.sn = absl::StrCat("S", i), .report_id = 1}));
    if (i % 2 == 0) file += info(absl::StrCat("S", i), absl::StrCat("edge-", i));
  }
  file += info("stranger", "who") + "</smartLicense>";
  ASSERT_TRUE(server_.Import({}, file, 20'000).status.ok());
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM report_system_infos"), 251);
  EXPECT_EQ(server_.database().Number(
                "SELECT count(*) FROM report_system_infos i JOIN report_senders d USING (sender_id)"
                " WHERE convert_from(i.body, 'UTF8') LIKE"
                " '%edge-' || substr(d.udi_sn, 2) || '\"%'"),
            251);
}

TEST_F(UsageApiTest, MessagesOfAnImportComeInOrder) {
  const auto import = [&](std::vector<v1::ImportUsageRequest> messages) {
    grpc::ClientContext context;
    rpc::PrepareContext(context, absl::Now() + absl::Seconds(20));
    const auto stream = server_.stub().ImportUsage(&context);
    for (const v1::ImportUsageRequest& message : messages) {
      if (!stream->Write(message)) break;
    }
    stream->WritesDone();
    v1::ImportUsageResponse response;
    while (stream->Read(&response)) {
    }
    return errors::ErrorId(rpc::FromGrpc(stream->Finish()));
  };
  v1::ImportUsageRequest start, chunk, unknown, large;
  start.mutable_start();
  chunk.set_chunk("<smartLicense>");
  unknown.mutable_start()->set_smart_account("nobody");
  large.set_chunk(std::string((1 << 20) + 1, ' '));
  EXPECT_EQ(import({chunk}), "ingest.import_out_of_order");
  EXPECT_EQ(import({}), "ingest.import_out_of_order");
  EXPECT_EQ(import({start, start}), "ingest.import_out_of_order");
  EXPECT_EQ(import({v1::ImportUsageRequest()}), "ingest.import_out_of_order");
  EXPECT_EQ(import({unknown}), "ingest.smart_account_unknown");
  EXPECT_EQ(import({start, large}), "ingest.chunk_too_large");
}

TEST_F(UsageApiTest, AConflictSaysWhatCameAndWhatStands) {
  const auto first = server_.SubmitDocument(Enclosed(BuiltinText({.count = 3})));
  const auto second = server_.SubmitDocument(Enclosed(BuiltinText({.count = 4})));
  ASSERT_EQ(second.results_size(), 1);
  const ReportResult& conflict = second.results(0);
  EXPECT_EQ(conflict.outcome(), ReportResult::OUTCOME_CONFLICT);
  EXPECT_EQ(conflict.reason(), "ingest.report_conflict");
  EXPECT_NE(conflict.message().find("want that of report " + first.results(0).name()), std::string::npos)
      << conflict.message();
  const auto third = server_.SubmitDocument(Enclosed(BuiltinText({.count = 5})));
  EXPECT_NE(third.results(0).message(), conflict.message());
}

TEST_F(UsageApiTest, AReportThatIsRefusedWhileItIsReadIsNamedAsFarAsItWasRead) {
  const auto answer = server_.SubmitDocument(Enclosed(BuiltinText({.count = -5})));
  ASSERT_EQ(answer.results_size(), 1);
  const ReportResult& refused = answer.results(0);
  EXPECT_EQ(refused.outcome(), ReportResult::OUTCOME_REJECTED);
  EXPECT_EQ(refused.reason(), "ingest.count_out_of_range");
  EXPECT_EQ(refused.udi().product_id(), TestReport().pid);
  EXPECT_EQ(refused.udi().serial_number(), TestReport().sn);
  EXPECT_EQ(refused.entitlement_tag(), TestReport().tag);
  EXPECT_EQ(refused.report_id(), TestReport().report_id);
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM report_identities"), 0);
}

class IdleImportTest : public testing::Test {
 protected:
  static config::NodeConfig Impatient() {
    config::NodeConfig config = config::DefaultNodeConfig();
    config.limits.import_idle_timeout = absl::Seconds(1);
    return config;
  }
  IngestServer server_{Impatient()};
};

TEST_F(IdleImportTest, AnImportThatSendsNothingIsEndedAndItsPlaceIsFree) {
  constexpr int kPlaces = 8;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReaderWriter<v1::ImportUsageRequest, v1::ImportUsageResponse>>>
      streams;
  v1::ImportUsageRequest start;
  start.mutable_start();
  for (int i = 0; i < kPlaces; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    rpc::PrepareContext(*contexts.back(), absl::Now() + absl::Seconds(60));
    streams.push_back(server_.stub().ImportUsage(contexts.back().get()));
    ASSERT_TRUE(streams.back()->Write(start));
  }
  // One of them had brought a report before.
  v1::ImportUsageRequest chunk;
  chunk.set_chunk("<smartLicense>" + Enclosed(BuiltinText({})));
  ASSERT_TRUE(streams[0]->Write(chunk));
  const absl::Time began = absl::Now();
  std::vector<std::thread> readers;
  for (const auto& stream : streams) {
    readers.emplace_back([&stream] {
      v1::ImportUsageResponse response;
      while (stream->Read(&response)) {
      }
      EXPECT_EQ(errors::ErrorId(rpc::FromGrpc(stream->Finish())), "ingest.import_idle");
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_LT(absl::Now() - began, absl::Seconds(10));
  // What was answered stays, and the next one finds a place as soon as the server has put a call away.
  const std::string file = "<smartLicense>" + Enclosed(BuiltinText({})) + "</smartLicense>";
  auto again = server_.Import({}, file);
  EXPECT_TRUE(testing::Eventually([&] {
    if (!again.status.ok()) again = server_.Import({}, file);
    return again.status.ok();
  })) << again.status;
  EXPECT_EQ(again.summary.totals().duplicate(), 1);
}

TEST_F(IdleImportTest, AnImportWhoseAnswersNobodyReadsIsCutToo) {
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(60));
  const auto stream = server_.stub().ImportUsage(&context);
  v1::ImportUsageRequest request;
  request.mutable_start();
  ASSERT_TRUE(stream->Write(request));
  // It sends without a pause, so that only its deafness can end it.
  request.set_chunk(" ");
  const absl::Time began = absl::Now();
  while (stream->Write(request) && absl::Now() - began < absl::Seconds(20))
    absl::SleepFor(absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - began, absl::Seconds(20));
  EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(IdleImportTest, AnImportThatIsSlowButMovesGoesOn) {
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(60));
  const auto stream = server_.stub().ImportUsage(&context);
  v1::ImportUsageRequest request;
  request.mutable_start();
  ASSERT_TRUE(stream->Write(request));
  std::thread reader([&] {
    v1::ImportUsageResponse response;
    while (stream->Read(&response)) {
    }
  });
  const std::string file = "<smartLicense>" + Enclosed(BuiltinText({})) + "</smartLicense>";
  for (size_t at = 0; at < file.size(); at += file.size() / 5) {
    absl::SleepFor(absl::Milliseconds(500));
    request.set_chunk(file.substr(at, file.size() / 5));
    ASSERT_TRUE(stream->Write(request));
  }
  stream->WritesDone();
  reader.join();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(UsageApiTest, StoppingEndsImportsThatWaitForTheirClient) {
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Seconds(60));
  const auto stream = server_.stub().ImportUsage(&context);
  v1::ImportUsageRequest request;
  request.mutable_start();
  ASSERT_TRUE(stream->Write(request));
  request.set_chunk("<smartLicense>" + Enclosed(BuiltinText({})));
  ASSERT_TRUE(stream->Write(request));
  v1::ImportUsageResponse response;
  do {
    ASSERT_TRUE(stream->Read(&response));
  } while (response.progress().accepted() == 0);
  const absl::Time start = absl::Now();
  server_.service().Stop(start + absl::Seconds(10));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  while (stream->Read(&response)) {
  }
  EXPECT_EQ(errors::ErrorId(rpc::FromGrpc(stream->Finish())), "ingest.stopping");
  v1::SubmitReportsRequest late;
  late.set_document(Enclosed(BuiltinText({.report_id = 9})));
  v1::SubmitReportsResponse answer;
  EXPECT_EQ(errors::ErrorId(server_.Submit(late, answer)), "ingest.stopping");
}

TEST_F(UsageApiTest, PermutationsAndSplitsByManySendersStoreEachReportOnce) {
  constexpr int kReports = 120;
  std::vector<std::string> texts;
  for (int i = 1; i <= kReports; ++i) {
    texts.push_back(BuiltinText({.sn = absl::StrCat("S", i % 5), .report_id = i}));
  }
  std::atomic<int> accepted = 0, duplicates = 0;
  std::vector<std::thread> senders;
  for (int t = 0; t < 6; ++t) {
    senders.emplace_back([&, t, mine = texts]() mutable {
      std::mt19937 random(t);
      std::shuffle(mine.begin(), mine.end(), random);
      for (size_t at = 0; at < mine.size();) {
        const size_t count = std::min<size_t>(1 + random() % 9, mine.size() - at);
        const std::vector<std::string> part(mine.begin() + at, mine.begin() + at + count);
        at += count;
        const v1::SubmitReportsResponse response = server_.SubmitDocument(FileOf(part));
        for (const ReportResult& result : response.results()) {
          if (result.outcome() == ReportResult::OUTCOME_ACCEPTED) ++accepted;
          if (result.outcome() == ReportResult::OUTCOME_DUPLICATE) ++duplicates;
        }
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(accepted, kReports);
  EXPECT_EQ(duplicates, 5 * kReports);
  EXPECT_EQ(server_.database().Number("SELECT count(*) FROM rum_reports"), kReports);
}

TEST_F(UsageApiTest, WhileTheDatabaseIsAwayCallsWaitAndThenFailAsRetryable) {
  server_.SubmitDocument(Enclosed(BuiltinText({.report_id = 1})));
  testing::SharedPostgres().Kill();
  grpc::ClientContext context;
  rpc::PrepareContext(context, absl::Now() + absl::Milliseconds(700));
  v1::SubmitReportsRequest request;
  request.set_document(Enclosed(BuiltinText({.report_id = 2})));
  v1::SubmitReportsResponse response;
  const absl::Status failed = rpc::FromGrpc(server_.stub().SubmitReports(&context, request, &response));
  EXPECT_TRUE(errors::IsRetryable(failed)) << failed;
  EXPECT_FALSE(server_.service().Health().ok());
  testing::SharedPostgres().Start();
  EXPECT_EQ(server_.SubmitDocument(request.document()).results(0).outcome(), ReportResult::OUTCOME_ACCEPTED);
  EXPECT_TRUE(server_.service().Health().ok());
}

}  // namespace
}  // namespace quartermaster::ingest
