#include "services/ingest/domain/report_parser.h"

#include <simdjson.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/signature.h"
#include "services/common/status/status_macros.h"
#include "services/ingest/domain/ingest_errors.h"
#include "services/ingest/domain/json_fields.h"
#include "services/ingest/domain/limits.h"
#include "services/ingest/domain/measurement_fields.h"
#include "services/ingest/domain/udi_fields.h"

namespace quartermaster::ingest {
namespace {

using simdjson::dom::element;

enum OuterField { kPayload, kSignature };
constexpr Fields<2>::Names kOuterNames = {"payload", "signature"};

enum SignatureField { kSignatureSudi, kSigningType, kKey, kSignatureValue };
constexpr Fields<4>::Names kSignatureNames = {"sudi", "signing_type", "key", "value"};

enum PayloadField { kAsset, kMeta, kMeasurements };
constexpr Fields<3>::Names kPayloadNames = {"asset_identification", "meta", "measurements"};

// The inner signature (v1 has it here, v2 beside) is covered by nothing and not read.
enum AssetField { kReportId, kInstance };
constexpr Fields<2>::Names kAssetNames = {"report_id", "instance"};

enum InstanceField { kInstanceSudi };
constexpr Fields<1>::Names kInstanceNames = {"sudi"};

enum MetaField { kEntitlementTag, kMetaReportId, kSoftwareVersion, kHaUdi, kPreviousReportId };
constexpr Fields<5>::Names kMetaNames = {"entitlement_tag", "report_id", "software_version", "ha_udi",
                                         "previous_report_id"};

enum HaField { kRole, kHaSudi };
constexpr Fields<2>::Names kHaNames = {"role", "sudi"};

constexpr int64_t kReportIdMax = INT64_MAX;

absl::Status ReadSignatureValue(const FieldPath& path, element value, std::string& text) {
  std::string_view base64;
  if (value.get(base64) != simdjson::SUCCESS) {
    return SignatureMalformed(path.ToString(), Describe(value), "a base64 string");
  }
  if (base64.empty() || base64.size() > kSignatureValueBytesMax) {
    return SignatureMalformed(path.ToString(), absl::StrCat(base64.size(), " bytes"),
                              absl::StrCat("1 to ", kSignatureValueBytesMax));
  }
  if (const auto bytes = crypto::Base64Decode(base64); !bytes.ok()) {
    return SignatureMalformed(
        path.ToString(), absl::StrCat(Describe(value), " (", bytes.status().message(), ")"), "strict base64");
  }
  text = base64;
  return absl::OkStatus();
}

absl::Status ReadSignature(const FieldPath& path, element value, ReportSignature& signature) {
  Fields<4> fields(kSignatureNames, path);
  RETURN_IF_ERROR(fields.Read(value));
  if (fields.Has(kSignatureSudi)) {
    RETURN_IF_ERROR(ReadUnsignedUdi(fields.Path(kSignatureSudi), fields[kSignatureSudi], signature.udi));
  }
  RETURN_IF_ERROR(fields.RequiredText(kSigningType, kWordBytesMax, signature.signing_type));
  RETURN_IF_ERROR(fields.OptionalText(kKey, kSignatureKeyBytesMax, signature.key));
  RETURN_IF_ERROR(fields.Require(kSignatureValue, "a base64 string"));
  return ReadSignatureValue(fields.Path(kSignatureValue), fields[kSignatureValue], signature.value);
}

// v2 has the report id beside the UDI, v1 in meta. Where both stand they must agree: the id is part
// of the identity.
absl::Status ReadReportId(const Fields<2>& asset, const Fields<5>& meta, int64_t& report_id) {
  if (!asset.Has(kReportId) && !meta.Has(kMetaReportId)) {
    return asset.Path(kReportId).Missing("a whole number");
  }
  std::optional<int64_t> first;
  if (asset.Has(kReportId)) {
    ASSIGN_OR_RETURN(first, ReadNumber(asset.Path(kReportId), asset[kReportId], kReportIdMax));
  }
  report_id = first.value_or(0);
  if (meta.Has(kMetaReportId)) {
    ASSIGN_OR_RETURN(report_id, ReadNumber(meta.Path(kMetaReportId), meta[kMetaReportId], kReportIdMax));
    if (first.has_value() && *first != report_id) {
      return meta.Path(kMetaReportId)
          .Invalid(absl::StrCat(report_id), absl::StrCat(*first, ", as in asset_identification.report_id"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadHaMembers(const FieldPath& path, element list, std::vector<HaMember>& members) {
  simdjson::dom::array array;
  if (list.get(array) != simdjson::SUCCESS) return path.Invalid(list, "a list");
  for (element value : array) {
    if (members.size() == kHaMembersMax) {
      return path.Invalid(absl::StrCat("more than ", kHaMembersMax, " members"),
                          absl::StrCat("at most ", kHaMembersMax));
    }
    const FieldPath member_path(path, members.size());
    HaMember& member = members.emplace_back();
    Fields<2> fields(kHaNames, member_path);
    RETURN_IF_ERROR(fields.Read(value));
    RETURN_IF_ERROR(fields.OptionalText(kRole, kWordBytesMax, member.role));
    RETURN_IF_ERROR(fields.Require(kHaSudi, "an object"));
    RETURN_IF_ERROR(ReadUdi(fields.Path(kHaSudi), fields[kHaSudi], member.udi));
  }
  return absl::OkStatus();
}

absl::Status ReadMeta(const Fields<5>& meta, ParsedReport& report) {
  RETURN_IF_ERROR(meta.RequiredText(kEntitlementTag, kEntitlementTagBytesMax, report.entitlement_tag));
  RETURN_IF_ERROR(meta.OptionalText(kSoftwareVersion, kSoftwareVersionBytesMax, report.software_version));
  if (meta.Has(kPreviousReportId)) {
    ASSIGN_OR_RETURN(report.previous_report_id,
                     ReadNumber(meta.Path(kPreviousReportId), meta[kPreviousReportId], kReportIdMax));
  }
  if (!meta.Has(kHaUdi)) return absl::OkStatus();
  return ReadHaMembers(meta.Path(kHaUdi), meta[kHaUdi], report.ha_members);
}

absl::Status ReadPayload(element root, int64_t received_s, ParsedReport& report) {
  const FieldPath root_path(FieldPath::Text::kPayload);
  Fields<3> payload(kPayloadNames, root_path);
  RETURN_IF_ERROR(payload.Read(root));

  // Who and what first, so that a report that is refused further on can be named in the answer.
  RETURN_IF_ERROR(payload.Require(kAsset, "an object"));
  const FieldPath asset_path = payload.Path(kAsset);
  Fields<2> asset(kAssetNames, asset_path);
  RETURN_IF_ERROR(asset.Read(payload[kAsset]));
  RETURN_IF_ERROR(asset.Require(kInstance, "an object"));
  const FieldPath instance_path = asset.Path(kInstance);
  Fields<1> instance(kInstanceNames, instance_path);
  RETURN_IF_ERROR(instance.Read(asset[kInstance]));
  RETURN_IF_ERROR(instance.Require(kInstanceSudi, "an object"));
  RETURN_IF_ERROR(ReadUdi(instance.Path(kInstanceSudi), instance[kInstanceSudi], report.udi));

  RETURN_IF_ERROR(payload.Require(kMeta, "an object"));
  const FieldPath meta_path = payload.Path(kMeta);
  Fields<5> meta(kMetaNames, meta_path);
  RETURN_IF_ERROR(meta.Read(payload[kMeta]));
  const absl::Status id = ReadReportId(asset, meta, report.report_id);
  const absl::Status rest_of_meta = ReadMeta(meta, report);
  RETURN_IF_ERROR(id);
  RETURN_IF_ERROR(rest_of_meta);

  RETURN_IF_ERROR(payload.Require(kMeasurements, "a list"));
  return ReadMeasurements(payload.Path(kMeasurements), payload[kMeasurements], received_s,
                          report.measurements);
}

// Keeps the memory of what was there.
void Clear(ParsedReport& report) {
  report.payload.clear();
  report.signature = {};
  report.udi = {};
  report.entitlement_tag.clear();
  report.report_id = 0;
  report.software_version.clear();
  report.previous_report_id = 0;
  report.ha_members.clear();
  report.measurements.clear();
}

}  // namespace

struct ReportParser::State {
  JsonText outer;
  JsonText payload;
};

ReportParser::ReportParser() : state_(std::make_unique<State>()) {}
ReportParser::~ReportParser() = default;

absl::Status ReportParser::Parse(std::string_view raw, int64_t received_s, ParsedReport& report) {
  Clear(report);
  if (raw.size() > kReportBytesMax) {
    report.raw.clear();
    return ReportTooLarge("report", raw.size());
  }
  report.raw.reserve(raw.size() + simdjson::SIMDJSON_PADDING);
  report.raw = raw;

  ASSIGN_OR_RETURN(const element root, state_->outer.Parse(report.raw, FieldPath::Text::kReport));
  const FieldPath root_path(FieldPath::Text::kReport);
  Fields<2> outer(kOuterNames, root_path);
  RETURN_IF_ERROR(outer.Read(root));
  RETURN_IF_ERROR(outer.Require(kPayload, "a string that holds JSON"));
  std::string_view payload;
  if (outer[kPayload].get(payload) != simdjson::SUCCESS) {
    return outer.Path(kPayload).Invalid(outer[kPayload], "a string that holds JSON");
  }
  report.payload.reserve(payload.size() + simdjson::SIMDJSON_PADDING);
  report.payload = payload;

  ASSIGN_OR_RETURN(const element payload_root,
                   state_->payload.Parse(report.payload, FieldPath::Text::kPayload));
  RETURN_IF_ERROR(ReadPayload(payload_root, received_s, report));
  RETURN_IF_ERROR(outer.Require(kSignature, "an object"));
  return ReadSignature(outer.Path(kSignature), outer[kSignature], report.signature);
}

}  // namespace quartermaster::ingest
