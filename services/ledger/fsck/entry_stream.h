// The usage entries of one Smart Account, summed by (product instance, tag, effective second, Virtual
// Account), in that order, through a server-side cursor: constant memory.
#ifndef QUARTERMASTER_SERVICES_LEDGER_FSCK_ENTRY_STREAM_H_
#define QUARTERMASTER_SERVICES_LEDGER_FSCK_ENTRY_STREAM_H_

#include <cstdint>
#include <map>
#include <pqxx/pqxx>
#include <utility>

namespace quartermaster::ledger::fsck {

// effective second -> change of the in-use figure from then on.
using DeltasByTime = std::map<int64_t, int64_t>;
// Virtual Account -> what is booked there.
using DeltasByHome = std::map<int64_t, DeltasByTime>;
// (product instance, tag) -> its deltas.
using DeltasByPosition = std::map<std::pair<int64_t, int32_t>, DeltasByHome>;

class EntryStream {
 public:
  // The transaction must outlive the stream; one stream at a time.
  EntryStream(pqxx::transaction_base& transaction, int64_t smart_account_id);
  ~EntryStream();

  // All deltas of product instances with an id of at most `product_instance_id` that were not
  // handed out before.
  DeltasByPosition TakeThrough(int64_t product_instance_id);
  // The rest.
  DeltasByPosition TakeAll();

 private:
  bool Fetch();

  pqxx::transaction_base& transaction_;
  pqxx::result rows_;
  pqxx::result::size_type next_ = 0;
};

}  // namespace quartermaster::ledger::fsck

#endif  // QUARTERMASTER_SERVICES_LEDGER_FSCK_ENTRY_STREAM_H_
