// Reads stored report bodies back and judges each by itself: that it can be read, that it is the report
// whose identity it stands under, and that the digest beside it says the same.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_BODY_READER_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_BODY_READER_H_

#include <zstd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "services/common/usage/digest.h"
#include "services/ledger/fsck/finding.h"
#include "services/ledger/fsck/report_rereader.h"

namespace quartermaster::ledger::fsck {

struct ReadBody {
  RereadReport report;
  // Empty when it does not decode.
  usage::Digest digest;
  // As report_identities has it: uuid text of the first 16 bytes of SHA-256.
  std::string payload_hash;
};

// "report 12-3 (C9300-24UX:FCW2134L0AB, regid.…)", of a row with the columns name, udi_pid, udi_sn and
// entitlement_tag.
std::string ReportSubject(const pqxx::row& row);

// Not thread-safe.
class BodyReader {
 public:
  explicit BodyReader(pqxx::transaction_base& transaction);

  // The row has the columns name, udi_pid, udi_sn, entitlement_tag, report_id, received_s, dictionary_id,
  // body and digest. What does not hold goes to `sink`; nothing is returned when the body is no report.
  std::optional<ReadBody> Read(const pqxx::row& row, const FindingSink& sink);

 private:
  template <typename T>
  using ZstdPtr = std::unique_ptr<T, size_t (*)(T*)>;

  std::string Decompress(std::string_view body, int32_t dictionary_id);
  void CheckIdentity(const pqxx::row& row, const std::string& name, const RereadReport& report,
                     const FindingSink& sink) const;

  ZstdPtr<ZSTD_DCtx> context_;
  std::map<int32_t, ZstdPtr<ZSTD_DDict>> dictionaries_;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_BODY_READER_H_
