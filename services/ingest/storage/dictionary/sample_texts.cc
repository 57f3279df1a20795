#include "services/ingest/storage/dictionary/sample_texts.h"

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace quartermaster::ingest {
namespace {

struct Family {
  const char* product_id;
  const char* software_name;  // regid of the software
  const char* licenses;       // name part of its entitlement tags
};

// Names as such products have them.
constexpr std::array<Family, 12> kFamilies = {{
    {"C9800-CL-K9", "WLC_9500C", "DNA_NWStack"},
    {"C9800-40-K9", "WLC_9800_40", "AIR-DNA-A"},
    {"C9300-24UX", "C9300-24UX", "advantagek9-Nyquist-C9300"},
    {"C9300-48P", "C9300-48P", "dna_advantage-C9300"},
    {"C9500-40X", "C9500-40X", "C9500_40X_nw_A"},
    {"C9200L-48P-4G", "C9200L", "dna_essentials-C9200L"},
    {"C8300-2N2S-4T2X", "C8300", "network-advantage_T2"},
    {"ISR4451-X/K9", "ISR4451X", "ISR_4400_HSEC"},
    {"ASR1002-HX", "ASR1002HX", "ASR1000_IPsec"},
    {"C8500-12X4QC", "C8500", "dna-advantage_T3"},
    {"N9K-C93180YC-FX", "N9K", "LAN_ENTERPRISE_SERVICES_PKG"},
    {"IR1101-K9", "IR1101", "network-essentials_T0"},
}};

// Feature tiers of a family, each with a tag of its own.
constexpr int kTagsPerFamily = 4;

constexpr std::array<const char*, 8> kVersions = {"17.09.02", "17.06.01a", "17.12.04", "17.03.05",
                                                  "17.15.01", "16.12.4",   "10.3(4a)", "17.09.04a"};

}  // namespace

struct SampleTexts::Instance {
  const Family* family;
  std::string serial;
  std::string sudi;
};

struct SampleTexts::Facts {
  std::string report_id;
  std::string software;
  std::string key;
  std::string inner_signature;
  std::string outer_signature;
  std::string signing_type;
};

std::string SampleTexts::Digits(int count) {
  std::string digits;
  for (int i = 0; i < count; ++i) digits.push_back(static_cast<char>('0' + Below(10)));
  return digits;
}

std::string SampleTexts::Hex(int count) {
  constexpr char kHexDigits[] = "0123456789abcdef";
  std::string hex;
  for (int i = 0; i < count; ++i) hex.push_back(kHexDigits[Below(16)]);
  return hex;
}

std::string SampleTexts::Serial() {
  constexpr std::array<const char*, 5> kSites = {"FDW", "FCW", "FOC", "9NT", "CAT"};
  constexpr char kLetters[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  std::string serial = absl::StrCat(kSites[Below(kSites.size())], 18 + Below(10), Digits(2));
  for (int i = 0; i < 4; ++i) serial.push_back(kLetters[Below(sizeof(kLetters) - 1)]);
  return serial;
}

std::string SampleTexts::Base64(int bytes) {
  if (!signatures_) return "";
  std::string raw;
  for (int i = 0; i < bytes; ++i) raw.push_back(static_cast<char>(Below(256)));
  return absl::Base64Escape(raw);
}

SampleTexts::Instance SampleTexts::NextInstance() {
  Instance instance;
  instance.family = &kFamilies[Below(kFamilies.size())];
  instance.serial = Serial();
  instance.sudi = absl::StrCat(R"({"udi_pid":")", instance.family->product_id, R"(","udi_serial_number":")",
                               instance.serial, R"("})");
  return instance;
}

SampleTexts::Facts SampleTexts::NextFacts(SampleForm form, const Instance& instance) {
  Facts facts;
  facts.report_id = absl::StrCat(16 + Below(2), Digits(8));
  facts.software = RegId(instance.family->software_name, 0);
  switch (form) {
    case SampleForm::kBuiltin:
    case SampleForm::kRouter:
      facts.signing_type = "builtin";
      facts.key = facts.software;
      facts.inner_signature = Base64(32);
      facts.outer_signature = Base64(32);
      break;
    case SampleForm::kRsa:
      facts.signing_type = "RSA-2048-SHA256";
      facts.key = Hex(64);
      facts.outer_signature = Base64(256);
      break;
    case SampleForm::kEcdsa:
      facts.signing_type = "ECDSA-P256-SHA256";
      facts.key = Hex(64);
      facts.outer_signature = Base64(71);
      break;
    case SampleForm::kSwitchFile:
      facts.signing_type = "CISC123";
      facts.key = "00000000";
      facts.inner_signature = Base64(256);
      facts.outer_signature = Base64(256);
      break;
  }
  return facts;
}

std::string SampleTexts::RegId(std::string_view name, uint64_t which) {
  const std::string of(name);
  uint64_t seed = estate_ * 1000003 + which;
  for (const char c : of) seed = seed * 31 + static_cast<unsigned char>(c);
  SampleTexts fixed(seed);
  return absl::StrCat("regid.20", 17 + fixed.Below(7), "-0", 1 + fixed.Below(9), ".com.cisco.", of, ",1.0_",
                      fixed.Hex(8), "-", fixed.Hex(4), "-4", fixed.Hex(3), "-", fixed.Hex(4), "-",
                      fixed.Hex(12));
}

std::string SampleTexts::MeasurementMeta(const Instance& instance, bool last) {
  constexpr std::array<const char*, 4> kReasons = {"CurrentUsageRequested", "ProductReload", "ReportClosed",
                                                   "LicenseRemoved"};
  if (Below(4) == 0) {
    const char* reason = kReasons[Below(kReasons.size())];
    return absl::StrCat(Below(2) == 0 ? absl::StrCat(R"("clock_change_delta":"-)", Digits(4), R"(",)") : "",
                        R"("termination_reason":")", reason, R"(","close_reason":")", reason, "\"");
  }
  std::string added;
  for (uint64_t i = 0, count = Below(3); i < count; ++i) {
    absl::StrAppend(&added, i == 0 ? "" : ",", R"({"udi_pid":"AIR-AP2802I-E-K9","udi_serial_number":")",
                    Serial(), R"("})");
  }
  if (last && Below(2) == 0) return R"("termination_reason":"CurrentUsageRequested")";
  // Access points come and go at wireless controllers only.
  if (std::string_view(instance.family->product_id).substr(0, 5) != "C9800") return "";
  return absl::StrCat(R"("removed_sudi_list":[],"added_sudi_list":[)", added, "]");
}

std::string SampleTexts::Measurements(const Instance& instance, uint64_t count) {
  std::string text;
  int64_t at = 1600000000 + static_cast<int64_t>(Below(400000000));
  for (uint64_t i = 0; i < count; ++i) {
    const int64_t interval = Below(2) == 0 ? 86400 : 900 + static_cast<int64_t>(Below(2000000));
    const bool telemetry = Below(20) == 0;
    absl::StrAppend(&text, i == 0 ? "" : ",", R"({"log_time":)", at, R"(,"metric_name":")",
                    telemetry ? "TELEMETRY" : "ENTITLEMENT", R"(","start_time":)", at, R"(,"end_time":)",
                    at + interval, R"(,"sample_interval":)", interval, R"(,"num_samples":)",
                    interval / 900 + 1, R"(,"meta":{)", MeasurementMeta(instance, i + 1 == count),
                    R"(},"value":{"type":"COUNT","value":")", Below(4) == 0 ? Below(400) : Below(4),
                    R"("}})");
    at += interval;
  }
  return text;
}

std::string SampleTexts::Payload(SampleForm form, const Instance& instance, const Facts& facts,
                                 uint64_t measurements) {
  const bool router = form == SampleForm::kRouter;
  const std::string signature =
      absl::StrCat(R"("signature":{"signing_type":")", facts.signing_type, R"(","key":")", facts.key,
                   R"(","value":")", facts.inner_signature, R"("})");
  const std::string report_id = absl::StrCat(R"("report_id":)", facts.report_id, ",");
  std::string ha = absl::StrCat(R"({"role":"Active","sudi":)", instance.sudi, "}");
  if (Below(4) == 0) {
    absl::StrAppend(&ha, R"(,{"role":"Standby","sudi":{"udi_pid":")", instance.family->product_id,
                    R"(","udi_serial_number":")", Serial(), R"("}})");
  }
  const bool ours = form == SampleForm::kRsa || form == SampleForm::kEcdsa;
  return absl::StrCat(
      R"({"version":")", router ? "1.0" : "2.0", R"(","asset_identification":{)", router ? "" : report_id,
      R"("asset":{"name":")", facts.software, R"("},"instance":{"sudi":)", instance.sudi,
      form == SampleForm::kSwitchFile
          ? absl::StrCat(R"(,"product_instance_identifier":")", Hex(8), "-", Hex(4), "-", Hex(12), "\"")
          : "",
      "}", router ? "," + signature : "", "},", router ? "" : signature + ",", R"("meta":{)",
      router ? report_id : "", R"("entitlement_tag":")",
      RegId(instance.family->licenses, 1 + Below(kTagsPerFamily)),
      R"(","utility_enabled":false,"software_version":")", kVersions[Below(kVersions.size())],
      R"(","ha_udi":[)", ha, "]",
      ours && Below(2) == 0 ? absl::StrCat(R"(,"previous_report_id":1)", Digits(9)) : "",
      R"(},"measurements":[)", Measurements(instance, measurements), "]}");
}

std::string SampleTexts::Next(SampleForm form, int measurements) {
  const Instance instance = NextInstance();
  const Facts facts = NextFacts(form, instance);
  const uint64_t count = measurements > 0 ? static_cast<uint64_t>(measurements) : 1 + Below(6);
  const std::string payload = absl::StrReplaceAll(Payload(form, instance, facts, count),
                                                  {{"\"", "\\\""}, {"/", Below(2) ? "/" : "\\/"}});
  const char* header = form == SampleForm::kRouter ? R"("header":{"type":"rum"},)" : "";
  if (Below(3) == 0) {
    // As some devices print it.
    return absl::StrCat("{\n  ", header, "\"payload\": \"", payload,
                        "\",\n  \"signature\": {\n    \"sudi\": {\n      \"udi_pid\": \"",
                        instance.family->product_id, "\",\n      \"udi_serial_number\": \"", instance.serial,
                        "\"\n    },\n    \"signing_type\": \"", facts.signing_type, "\",\n    \"key\": \"",
                        facts.key, "\",\n    \"value\": \"", facts.outer_signature, "\"\n  }\n}");
  }
  return absl::StrCat("{", header, R"("payload":")", payload, R"(","signature":{"sudi":)", instance.sudi,
                      R"(,"signing_type":")", facts.signing_type, R"(","key":")", facts.key, R"(","value":")",
                      facts.outer_signature, R"("}})");
}

}  // namespace quartermaster::ingest
