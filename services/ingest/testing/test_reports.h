// Report texts with chosen values, for tests: as a device of a vendor signs them ("builtin"), and as
// our own agent does.
#ifndef QUARTERMASTER_SERVICES_INGEST_TESTING_TEST_REPORTS_H_
#define QUARTERMASTER_SERVICES_INGEST_TESTING_TEST_REPORTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "services/common/crypto/signature.h"

namespace quartermaster::ingest {

struct TestReport {
  std::string pid = "C9300-24UX";
  std::string sn = "FDW0001";
  std::string tag = "regid.2020-01.com.example.advantage,1.0_1b5b9b3c-0000-4000-8000-000000000001";
  int64_t report_id = 1;
  int64_t count = 2;
  int64_t start_s = 1'699'900'000;
  int64_t end_s = 1'699'986'400;
};

// What stands in <RUMReport>.
std::string BuiltinText(const TestReport& report);
std::string SignedText(const TestReport& report, const crypto::PrivateKey& key);

// <RUMReport>…</RUMReport>.
std::string Enclosed(const std::string& text);
// <smartLicense> with these texts.
std::string FileOf(const std::vector<std::string>& texts);

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_TESTING_TEST_REPORTS_H_
