#include "clients/fleet/generate.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/agent/manufacturer_ca.h"
#include "clients/agent/report_writer.h"
#include "clients/connection/client_errors.h"
#include "clients/connection/file.h"
#include "clients/fleet/fleet_manifest.h"
#include "clients/fleet/key_pool.h"
#include "clients/fleet/parallel.h"
#include "clients/fleet/stream_file.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::fleet {
namespace {

// One piece of parallel work: about 1 MB of text.
constexpr int64_t kReportsPerPiece = 500;
constexpr int64_t kCertificatesPerPiece = 500;

int64_t PiecesOf(int64_t total, int64_t per_piece) { return (total + per_piece - 1) / per_piece; }

absl::Status WriteCertificates(const FleetPlan& plan, const KeyPool& pool, const std::string& directory) {
  const absl::Time now = absl::Now();
  ASSIGN_OR_RETURN(const auto ca, agent::ManufacturerCa::OpenOrCreate(directory, now));
  std::vector<crypto::PublicKey> keys;
  for (const crypto::PrivateKey& key : pool.keys()) keys.push_back(key.Public());
  ASSIGN_OR_RETURN(const auto file, StreamFile::Create(directory + "/certificates.pem"));
  const int64_t instances = plan.parameters().instances;
  RETURN_IF_ERROR(InOrder(
      PiecesOf(instances, kCertificatesPerPiece),
      [&](int64_t piece) -> absl::StatusOr<std::string> {
        std::string pem;
        const int64_t end = std::min(instances, (piece + 1) * kCertificatesPerPiece);
        for (int64_t i = piece * kCertificatesPerPiece; i < end; ++i) {
          ASSIGN_OR_RETURN(const auto certificate,
                           ca.Issue(keys[static_cast<size_t>(plan.KeyOf(i))], plan.UdiOf(i), now));
          pem += certificate.ToPem();
        }
        return pem;
      },
      [&](const std::string& pem) { return file->Append(pem); }));
  return file->Close();
}

absl::StatusOr<int64_t> WriteUsage(const FleetPlan& plan, const KeyPool& pool, const std::string& directory,
                                   const std::function<void(int64_t)>& on_progress) {
  ASSIGN_OR_RETURN(const auto file, StreamFile::Create(directory + "/usage.xml"));
  RETURN_IF_ERROR(file->Append("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<smartLicense>\n"));
  const int64_t total = plan.report_count();
  int64_t written = 0;
  RETURN_IF_ERROR(InOrder(
      PiecesOf(total, kReportsPerPiece),
      [&](int64_t piece) -> absl::StatusOr<std::string> {
        std::string text;
        const int64_t end = std::min(total, (piece + 1) * kReportsPerPiece);
        for (int64_t i = piece * kReportsPerPiece; i < end; ++i) {
          const auto& signer = pool.SignerOf(plan, plan.PlaceOf(i).instance);
          ASSIGN_OR_RETURN(const std::string report, agent::WriteReport(plan.ReportAt(i), signer));
          absl::StrAppend(&text, agent::WrapReport(report), "\n");
        }
        return text;
      },
      [&](const std::string& text) {
        written = std::min(total, written + kReportsPerPiece);
        if (on_progress) on_progress(written);
        return file->Append(text);
      }));
  RETURN_IF_ERROR(file->Append("</smartLicense>\n"));
  RETURN_IF_ERROR(file->Close());
  return file->bytes();
}

absl::Status WriteCatalog(const FleetPlan& plan, const std::string& directory) {
  std::string csv = "tag,display_name,term\n";
  for (int64_t tag = 0; tag < plan.parameters().tags; ++tag) {
    absl::StrAppend(&csv, "\"", plan.TagName(tag), "\",Fleet Feature ", tag + 1, ",subscription\n");
  }
  return client::WriteFileAtomically(directory + "/catalog.csv", csv);
}

}  // namespace

absl::StatusOr<FleetParameters> ReadFleetParameters(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::string text, client::ReadFile(directory + "/fleet.json"));
  return ParseManifest(text);
}

absl::StatusOr<GeneratedFleet> GenerateFleet(const FleetParameters& parameters, const std::string& directory,
                                             const std::function<void(int64_t)>& on_progress) {
  RETURN_IF_ERROR(CheckParameters(parameters));
  const FleetPlan plan(parameters);
  GeneratedFleet result;
  result.reports = plan.report_count();
  std::error_code error;
  if (std::filesystem::exists(directory + "/fleet.json", error)) {
    ASSIGN_OR_RETURN(const FleetParameters there, ReadFleetParameters(directory));
    if (ManifestOf(there) != ManifestOf(parameters)) {
      return client::Usage(
          absl::StrCat("out: ", directory, " holds a fleet of other parameters, want a new directory"));
    }
    result.was_there = true;
    result.usage_bytes = static_cast<int64_t>(std::filesystem::file_size(directory + "/usage.xml", error));
    return result;
  }
  std::filesystem::create_directories(directory, error);
  if (error) return client::FileUnwritable(directory, error.message());
  ASSIGN_OR_RETURN(const KeyPool pool, KeyPool::OpenOrCreate(directory, parameters));
  if (!pool.keys().empty()) RETURN_IF_ERROR(WriteCertificates(plan, pool, directory));
  RETURN_IF_ERROR(WriteCatalog(plan, directory));
  ASSIGN_OR_RETURN(result.usage_bytes, WriteUsage(plan, pool, directory, on_progress));
  RETURN_IF_ERROR(client::WriteFileAtomically(directory + "/fleet.json", ManifestOf(parameters)));
  return result;
}

}  // namespace quartermaster::fleet
