// Time per report of each step that needs no database: cutting the document, parsing, hashing,
// verifying. Prints a table; shows where the limit of one core is.
//
//   parse_bench [FILE]   a usage document whose first report is repeated (default: a made-up one)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "services/common/crypto/signature.h"
#include "services/common/usage/digest.h"
#include "services/ingest/domain/document_reader.h"
#include "services/ingest/domain/report_digest.h"
#include "services/ingest/domain/report_parser.h"

namespace quartermaster {
namespace {

constexpr int kReports = 500;  // in a document: about 1 MB, like one chunk of an import
constexpr int kRounds = 7;     // the median counts
constexpr double kRoundS = 0.2;
constexpr int64_t kReceivedS = 1'800'000'000;

// Median microseconds a report; `run` handles `reports` of them.
double Microseconds(int reports, const std::function<void()>& run) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> results;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = Clock::now();
    int64_t done = 0;
    double elapsed_s = 0;
    while (elapsed_s < kRoundS) {
      run();
      done += reports;
      elapsed_s = std::chrono::duration<double>(Clock::now() - start).count();
    }
    results.push_back(elapsed_s / static_cast<double>(done) * 1e6);
  }
  std::nth_element(results.begin(), results.begin() + kRounds / 2, results.end());
  return results[kRounds / 2];
}

void Print(const char* what, double us) { std::printf("%-44s %8.2f us %12.0f /s\n", what, us, 1e6 / us); }

std::string MadeUpReport() {
  std::string payload =
      R"({\"version\":\"2.0\",\"asset_identification\":{\"report_id\":1700000001,)"
      R"(\"asset\":{\"name\":\"regid.2030-01.example.router,1.0_0a1b2c3d-0000-4000-8000-00000000beef\"},)"
      R"(\"instance\":{\"sudi\":{\"udi_pid\":\"QM-ROUTER-24\",\"udi_serial_number\":\"QMS00000001\"}}},)"
      R"(\"signature\":{\"signing_type\":\"builtin\",\"key\":\"regid.2030-01.example.router,1.0_0a1b2c3d\",)"
      R"(\"value\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"},\"meta\":{)"
      R"(\"entitlement_tag\":\"regid.2030-01.example.advantage,1.0_7d0f4a52-1111-4222-8333-444455556666\",)"
      R"(\"utility_enabled\":false,\"software_version\":\"17.12.04\",\"ha_udi\":[{\"role\":\"Active\",)"
      R"(\"sudi\":{\"udi_pid\":\"QM-ROUTER-24\",\"udi_serial_number\":\"QMS00000001\"}}]},\"measurements\":[)";
  for (int day = 0; day < 3; ++day) {
    const long start_s = 1'700'000'000 + day * 86'400;
    char text[512];
    std::snprintf(
        text, sizeof text,
        R"(%s{\"log_time\":%ld,\"metric_name\":\"ENTITLEMENT\",\"start_time\":%ld,)"
        R"(\"end_time\":%ld,\"sample_interval\":86399,\"num_samples\":97,\"meta\":{)"
        R"(\"removed_sudi_list\":[],\"added_sudi_list\":[{\"udi_pid\":\"QM-AP-9\",)"
        R"(\"udi_serial_number\":\"QMA0000000%d\"}]},\"value\":{\"type\":\"COUNT\",\"value\":\"%d\"}})",
        day == 0 ? "" : ",", start_s, start_s, start_s + 86'399, day, day + 2);
    payload += text;
  }
  return R"({"payload":")" + payload +
         R"(]}","signature":{"sudi":{"udi_pid":"QM-ROUTER-24","udi_serial_number":"QMS00000001"},)"
         R"("signing_type":"RSA-2048-SHA256","key":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",)"
         R"("value":")" +
         crypto::Base64Encode(std::string(256, 'x')) + R"("}})";
}

std::string FirstReportOf(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::string report;
  ingest::DocumentReader reader;
  (void)reader.Feed(bytes, [&](const ingest::DocumentItem& item) {
    if (report.empty() && item.kind == ingest::DocumentItem::Kind::kReport) report = item.text;
  });
  return report;
}

int Cut(const std::string& document, const std::function<void(std::string_view)>& on_report) {
  ingest::DocumentReader reader;
  int reports = 0;
  const auto count = [&](const ingest::DocumentItem& item) {
    ++reports;
    on_report(item.text);
  };
  const bool good = reader.Feed(document, count).ok() && reader.Finish(count).ok();
  return good ? reports : -1;
}

void CutAlone(const char* what, const std::string& document) {
  int cut = 0;
  const double us = Microseconds(kReports, [&] { cut = Cut(document, [](std::string_view) {}); });
  if (cut != kReports) {
    std::fprintf(stderr, "%s: cut %d reports, want %d\n", what, cut, kReports);
    std::exit(1);
  }
  Print(what, us);
}

void Documents(const std::string& report) {
  std::string plain = "<smartLicense>\n";
  std::string attributed = plain;
  std::string lines;
  for (int i = 0; i < kReports; ++i) {
    plain += "<RUMReport><![CDATA[" + report + "]]></RUMReport>\n";
    attributed += "<RUMReport v=\"1\"><![CDATA[" + report + "]]></RUMReport>\n";
    lines += report + "\n";
  }
  plain += "</smartLicense>\n";
  attributed += "</smartLicense>\n";
  CutAlone("document cut, XML, plain form", plain);
  CutAlone("document cut, XML, all through expat", attributed);
  CutAlone("document cut, JSON lines", lines);

  ingest::ReportParser parser;
  ingest::ParsedReport parsed;
  uint8_t sink = 0;
  const double us = Microseconds(kReports, [&] {
    Cut(plain, [&](std::string_view text) {
      if (!parser.Parse(text, kReceivedS, parsed).ok()) std::exit(1);
      sink ^= crypto::Sha256(parsed.payload)[0];
    });
  });
  Print("cut + parse + SHA-256 (the whole way)", us);
  if (sink == 1) std::puts("");
}

void Verifying(const std::string& payload) {
  for (crypto::Algorithm algorithm :
       {crypto::Algorithm::kRsa2048Sha256, crypto::Algorithm::kEcdsaP256Sha256}) {
    const crypto::PrivateKey key = *crypto::PrivateKey::Generate(algorithm);
    const crypto::PublicKey part = key.Public();
    const std::string signature = *key.Sign(payload);
    const crypto::Sha256Digest digest = crypto::Sha256(payload);
    const std::string name(crypto::AlgorithmName(algorithm));
    Print((name + " verify").c_str(), Microseconds(100, [&] {
            for (int i = 0; i < 100; ++i) {
              if (!part.VerifyDigest(digest, signature)) std::exit(1);
            }
          }));
  }
}

int Main(int argc, char** argv) {
  const std::string report = argc > 1 ? FirstReportOf(argv[1]) : MadeUpReport();
  ingest::ReportParser parser;
  ingest::ParsedReport parsed;
  if (const absl::Status status = parser.Parse(report, kReceivedS, parsed); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("report %zu bytes, payload %zu bytes, %zu measurements\n\n", report.size(),
              parsed.payload.size(), parsed.measurements.size());

  Documents(report);
  Print("parse", Microseconds(100, [&] {
          for (int i = 0; i < 100; ++i) (void)parser.Parse(report, kReceivedS, parsed);
        }));
  Print("SHA-256 of the payload", Microseconds(100, [&] {
          for (int i = 0; i < 100; ++i) (void)crypto::Sha256(parsed.payload);
        }));
  const std::string digest = ingest::DigestOf(parsed);
  Print("digest, encode", Microseconds(100, [&] {
          for (int i = 0; i < 100; ++i) (void)ingest::DigestOf(parsed);
        }));
  usage::Digest decoded;
  Print("digest, decode", Microseconds(100, [&] {
          for (int i = 0; i < 100; ++i) (void)usage::DecodeDigest(digest, decoded);
        }));
  Verifying(parsed.payload);
  std::printf("\ndigest %zu bytes\n", digest.size());
  return 0;
}

}  // namespace
}  // namespace quartermaster

int main(int argc, char** argv) { return quartermaster::Main(argc, argv); }
