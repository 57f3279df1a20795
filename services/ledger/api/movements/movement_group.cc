#include "services/ledger/api/movements/movement_group.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/rights_store.h"

namespace quartermaster::ledger {
namespace {

// A call that is still to be decided, with what was read for it.
struct Pending {
  MovementCall* call = nullptr;
  std::vector<TransferLine> lines;
  // Of a reversal: what is to be undone.
  std::vector<RightsMovement> undone;
};

class Group {
 public:
  Group(pqxx::transaction_base& transaction, int64_t smart_account_id, absl::Time now)
      : tx_(transaction), account_(smart_account_id), now_(now) {}

  absl::Status Run(std::span<MovementCall* const> calls, std::optional<KeptRights>& kept) {
    AnswerAgain(calls);
    if (open_.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t stamp, LockOpenRights(tx_, account_));
    if (!kept.has_value() || kept->smart_account_id != account_ || kept->stamp != stamp) {
      kept.emplace(KeptRights{.smart_account_id = account_,
                              .stamp = stamp,
                              .book = RightsBook(ReadConsumptionOrder(tx_, account_))});
    }
    ReadRequests();
    ReadPools(kept->book);
    for (Pending& pending : pending_) Decide(kept->book, pending);
    if (!changes_.empty()) Book(*kept);
    return absl::OkStatus();
  }

 private:
  // Calls that were answered before get the same answer; the others stay open.
  void AnswerAgain(std::span<MovementCall* const> calls) {
    std::vector<const LoggedCall*> logged;
    for (MovementCall* call : calls) {
      call->result = absl::OkStatus();
      call->logged.act.now = now_;
      logged.push_back(&call->logged);
    }
    const std::vector<KeptAnswer> answers = FindAnswers(tx_, logged);
    for (size_t i = 0; i < calls.size(); ++i) {
      if (!answers[i].ok()) {
        calls[i]->result = answers[i].status();
      } else if (answers[i]->has_value()) {
        calls[i]->response->ParseFromString(**answers[i]);
      } else {
        open_.push_back(calls[i]);
      }
    }
  }

  void ReadRequests() {
    const RequestNames names = ReadRequestNames(tx_, account_, open_);
    for (MovementCall* call : open_) {
      Pending pending{.call = call};
      call->result = call->transfer != nullptr ? ReadTransfer(names, pending) : ReadReversal(pending);
      if (call->result.ok()) pending_.push_back(std::move(pending));
    }
  }

  absl::Status ReadTransfer(const RequestNames& names, Pending& pending) {
    ASSIGN_OR_RETURN(pending.lines, LinesOf(names, *pending.call->transfer));
    for (const TransferLine& line : pending.lines) {
      pools_.insert({line.from, RightsPool{line.to_virtual_account_id, line.from.tag_id}});
    }
    return absl::OkStatus();
  }

  absl::Status ReadReversal(Pending& pending) {
    const int64_t movement_id = pending.call->reversal->movement_id();
    std::optional<StoredMovements> stored = ReadMovements(tx_, account_, movement_id);
    if (!stored.has_value()) return MovementUnknown(movement_id);
    if (stored->kind != ChangeKind::kTransfer && stored->kind != ChangeKind::kCorrection &&
        stored->kind != ChangeKind::kReversal) {
      return MovementNotReversible(movement_id);
    }
    if (stored->reversed_by.has_value()) return MovementReversed(movement_id, *stored->reversed_by);
    RETURN_IF_ERROR(CheckOpen(stored->movements));
    pending.undone = std::move(stored->movements);
    for (const RightsMovement& movement : pending.undone) {
      pools_.insert({RightsPool{movement.from.virtual_account_id, movement.tag_id},
                     RightsPool{movement.to.virtual_account_id, movement.tag_id}});
      // Of a lot that was corrected away nothing may lie in any pool.
      undone_lots_.insert(movement.lot_id);
    }
    return absl::OkStatus();
  }

  // Nothing goes back to where nobody would find it.
  absl::Status CheckOpen(const std::vector<RightsMovement>& undone) {
    std::set<int64_t> givers;
    for (const RightsMovement& movement : undone) givers.insert(movement.from.virtual_account_id);
    const std::optional<std::string> closed = AnyClosed(tx_, account_, givers);
    return closed.has_value() ? VirtualAccountClosed(*closed) : absl::OkStatus();
  }

  void ReadPools(RightsBook& book) {
    ReadLots(tx_, account_, pools_, book);
    if (!undone_lots_.empty()) ReadLotDates(tx_, account_, undone_lots_, book);
    book.ForgetConsumed();
    ReadConsumed(tx_, account_, pools_, book);
  }

  void Decide(RightsBook& book, Pending& pending) {
    std::vector<RightsMovement> moved;
    MovementCall& call = *pending.call;
    call.result = call.transfer != nullptr ? Transfer(book, pending, moved) : Reverse(book, pending, moved);
    if (!call.result.ok()) return;
    RightsChange change{.kind = call.transfer != nullptr ? ChangeKind::kTransfer : ChangeKind::kReversal,
                        .act = &call.logged.act};
    if (call.reversal != nullptr) change.reverses = call.reversal->movement_id();
    for (const RightsMovement& movement : moved) change.movements.push_back({movement, now_});
    changes_.push_back(std::move(change));
    booked_.push_back(&pending);
  }

  absl::Status Transfer(RightsBook& book, const Pending& pending, std::vector<RightsMovement>& moved) {
    const auto shortage = book.Transfer(pending.lines, now_, moved);
    if (!shortage.has_value()) return absl::OkStatus();
    const v1::EntitlementTransfer& line = pending.call->transfer->transfers(static_cast<int>(shortage->line));
    return QuantityNotAvailable(TransferField(shortage->line, "quantity"), line.quantity(),
                                shortage->available,
                                absl::StrCat(line.tag(), " in ", line.from_virtual_account()));
  }

  absl::Status Reverse(RightsBook& book, const Pending& pending, std::vector<RightsMovement>& moved) {
    const auto shortage = book.Reverse(pending.undone, now_, moved);
    if (!shortage.has_value()) return absl::OkStatus();
    const RightsMovement& stuck = pending.undone[shortage->line];
    const LotNames names = NamesOfLots(tx_, account_, {stuck.lot_id}).at(stuck.lot_id);
    // A correction that took something away moved it to no Virtual Account: it comes back to where it was.
    const int64_t virtual_account =
        stuck.to.virtual_account_id != 0 ? stuck.to.virtual_account_id : stuck.from.virtual_account_id;
    return QuantityNotAvailable(
        "movement_id", stuck.quantity, shortage->available,
        absl::StrCat(names.entitlement_id, " of ", names.tag, " in ",
                     VirtualAccountNames(tx_, account_, {virtual_account}).at(virtual_account)));
  }

  void Book(KeptRights& kept) {
    const BookedChanges booked = BookChanges(tx_, account_, now_, changes_);
    kept.stamp = booked.stamp;
    const AnswerNames names(tx_, account_, changes_, kept.lots);
    std::vector<AuditRow> audits;
    std::vector<const LoggedCall*> logged;
    std::vector<std::string> answers;
    for (size_t i = 0; i < booked_.size(); ++i) {
      const Pending& pending = *booked_[i];
      const int64_t movement_id = booked.change_ids[i];
      names.Fill(movement_id, changes_[i], pending.call->response);
      logged.push_back(&pending.call->logged);
      answers.push_back(pending.call->response->SerializeAsString());
      AuditRow& audit = audits.emplace_back(AuditRow{.act = &pending.call->logged.act});
      if (pending.call->transfer != nullptr) {
        audit.after =
            absl::StrCat("{\"movement_id\":", movement_id, ",\"transfers\":", pending.lines.size(), "}");
      } else {
        audit.before = absl::StrCat("{\"movement_id\":", pending.call->reversal->movement_id(), "}");
        audit.after = absl::StrCat("{\"movement_id\":", movement_id, "}");
      }
    }
    WriteAudits(tx_, account_, audits);
    KeepAnswers(tx_, logged, answers);
  }

  pqxx::transaction_base& tx_;
  const int64_t account_;
  const absl::Time now_;
  std::vector<MovementCall*> open_;
  std::vector<Pending> pending_;
  std::set<RightsPool> pools_;
  std::set<int64_t> undone_lots_;
  // What is booked, and for whom; of the same length.
  std::vector<RightsChange> changes_;
  std::vector<const Pending*> booked_;
};

}  // namespace

absl::Status RunMovementGroup(pqxx::transaction_base& transaction, const std::string& smart_account,
                              absl::Time now, std::span<MovementCall* const> calls,
                              std::optional<KeptRights>& kept) {
  ASSIGN_OR_RETURN(const SmartAccount account, FindSmartAccount(transaction, smart_account));
  if (account.closed_at) return SmartAccountClosed(account.domain);
  return Group(transaction, account.id, now).Run(calls, kept);
}

}  // namespace quartermaster::ledger
