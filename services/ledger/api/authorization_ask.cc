// AuthorizationFlow::Ask: from a request to a hold.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "services/common/crypto/authorization_proof.h"
#include "services/common/status/status_macros.h"
#include "services/ledger/api/authorization_changes.h"
#include "services/ledger/api/authorization_flow.h"
#include "services/ledger/api/field_checks.h"
#include "services/ledger/domain/home_rule.h"
#include "services/ledger/domain/ledger_errors.h"
#include "services/ledger/storage/administration/account_book.h"
#include "services/ledger/storage/administration/catalog_book.h"
#include "services/ledger/storage/administration/enrollment.h"
#include "services/ledger/storage/administration/product_instance_query.h"

namespace quartermaster::ledger {
namespace {

constexpr int kLinesMax = 50;
constexpr int kUnenforced = 1;
constexpr int kExportControlled = 3;

std::string LineField(size_t number, const char* name) { return absl::StrCat("lines[", number, "].", name); }

bool IsReservation(AuthorizationKind kind) { return kind != AuthorizationKind::kAuthorization; }

// One request on its way through the transaction.
class Asking {
 public:
  Asking(pqxx::transaction_base& transaction, const Act& act, const AuthorizationAsk& ask,
         const AuthorizationTerms& terms)
      : transaction_(transaction), act_(act), ask_(ask), terms_(terms) {}

  absl::StatusOr<Authorization> Run() {
    RETURN_IF_ERROR(CheckFields());
    RETURN_IF_ERROR(ResolveTags());
    AuthorizationChanges changes(transaction_, ask_.smart_account_id, act_);
    RETURN_IF_ERROR(FindOrPlaceInstance());
    RETURN_IF_ERROR(TakeProofs(changes));
    if (ask_.lines.empty()) {
      if (!proven_.has_value()) return FieldMissing("lines", "one or more, or a proof");
      changes.rights().Settle();
      return *proven_;
    }
    changes.rights().Settle();
    ASSIGN_OR_RETURN(const std::optional<Authorization> same, FindSame());
    if (same.has_value()) return *same;
    return Hold(changes);
  }

 private:
  absl::Status CheckFields() const {
    RETURN_IF_ERROR(CheckText("udi.product_id", ask_.udi.product_id, kUdiBytesMax));
    RETURN_IF_ERROR(CheckText("udi.serial_number", ask_.udi.serial_number, kUdiBytesMax));
    RETURN_IF_ERROR(CheckText("virtual_account", ask_.virtual_account, kIdBytesMax, true));
    if (ask_.from_device && !ask_.virtual_account.empty()) {
      return FieldInvalid("virtual_account", ask_.virtual_account,
                          "nothing, as product instances choose no home");
    }
    if (std::ssize(ask_.lines) > kLinesMax) return TooManyRows("lines", std::ssize(ask_.lines), kLinesMax);
    std::set<std::string> tags;
    for (size_t i = 0; i < ask_.lines.size(); ++i) {
      const AuthorizationLine& line = ask_.lines[i];
      RETURN_IF_ERROR(CheckText(LineField(i, "tag"), line.tag, kTagBytesMax));
      if (line.quantity < 1 || line.quantity > kQuantityMax) {
        return QuantityOutOfRange(LineField(i, "count"), line.quantity, 1, kQuantityMax);
      }
      if (!tags.insert(line.tag).second) return FieldInvalid(LineField(i, "tag"), line.tag, "each tag once");
    }
    return absl::OkStatus();
  }

  absl::Status ResolveTags() {
    std::vector<std::string> tags;
    std::vector<int64_t> ids;
    for (const AuthorizationLine& line : ask_.lines) tags.push_back(line.tag);
    const std::map<std::string, int32_t> found = FindTagIds(transaction_, tags);
    for (const auto& [tag, id] : found) ids.push_back(id);
    const std::map<int32_t, TagFacts> facts = FactsOfTags(transaction_, ids);
    for (size_t i = 0; i < ask_.lines.size(); ++i) {
      AuthorizationLine line = ask_.lines[i];
      const auto id = found.find(line.tag);
      if (id == found.end()) return TagUnknown(LineField(i, "tag"), line.tag);
      line.tag_id = id->second;
      const int enforcement = facts.at(line.tag_id).enforcement;
      if (enforcement == kUnenforced && !IsReservation(ask_.kind)) {
        return AuthorizationNotNeeded(LineField(i, "tag"), line.tag);
      }
      export_controlled_ |= enforcement == kExportControlled;
      lines_.push_back(line);
    }
    std::sort(lines_.begin(), lines_.end());
    return absl::OkStatus();
  }

  absl::Status FindOrPlaceInstance() {
    const auto known = FindInstance(transaction_, ask_.smart_account_id, ask_.udi);
    if (known.has_value()) {
      instance_id_ = known->id;
      return absl::OkStatus();
    }
    if (lines_.empty()) return ProductInstanceUnknown(ask_.udi.product_id, ask_.udi.serial_number);
    // A name alone would draw from the pools, as often as somebody thinks of another.
    if (ask_.from_device && !IsEnrolled(transaction_, ask_.smart_account_id, ask_.udi)) {
      return ProductInstanceUnknown(ask_.udi.product_id, ask_.udi.serial_number);
    }
    LockInstances(transaction_, act_.now);
    if (!FindKnownInstances(transaction_, ask_.smart_account_id, {ask_.udi}).empty()) {
      // Made meanwhile, or of another account.
      const auto made = FindInstance(transaction_, ask_.smart_account_id, ask_.udi);
      if (!made.has_value()) return ProductInstanceElsewhere(ask_.udi.product_id, ask_.udi.serial_number);
      instance_id_ = made->id;
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const int64_t home, HomeOfNewOne());
    InsertInventory(transaction_, ask_.smart_account_id, {{ask_.udi, home, ""}}, act_.now);
    instance_id_ = FindInstance(transaction_, ask_.smart_account_id, ask_.udi)->id;
    return absl::OkStatus();
  }

  absl::StatusOr<int64_t> HomeOfNewOne() const {
    HomeHints hints{.trust_code = HomeByIdToken(transaction_, ask_.smart_account_id, ask_.udi)};
    if (!ask_.virtual_account.empty()) {
      ASSIGN_OR_RETURN(
          const VirtualAccount named,
          FindVirtualAccount(transaction_, ask_.smart_account_id, ask_.virtual_account, "virtual_account"));
      hints.door = named.id;
    }
    return HomeOf(hints, {}, DefaultVirtualAccount(transaction_, ask_.smart_account_id));
  }

  // Those of the same kind that are alive: one whose code is on its way, one that is installed.
  void LookAtLive() {
    open_.reset();
    installed_.reset();
    for (Authorization& live : LiveAuthorizations(transaction_, ask_.smart_account_id, instance_id_)) {
      if (IsReservation(live.kind) != IsReservation(ask_.kind)) continue;
      const bool is_installed =
          live.state == AuthorizationState::kConfirmed || live.state == AuthorizationState::kReturnPending;
      (is_installed ? installed_ : open_) = std::move(live);
    }
    in_force_.clear();
    if (!installed_.has_value()) return;
    for (const LotShare& share :
         SharesInForce(transaction_, ask_.smart_account_id, installed_->id, act_.now)) {
      in_force_[share.pool.tag_id] += share.quantity;
    }
  }

  absl::Status TakeProofs(AuthorizationChanges& changes) {
    LookAtLive();
    RETURN_IF_ERROR(TakeConfirmation(changes));
    return TakeRemoval(changes);
  }

  // A proof is of whatever has this code: a product instance need not say which kind it is.
  absl::Status TakeConfirmation(AuthorizationChanges& changes) {
    if (ask_.confirmation_code.empty()) return absl::OkStatus();
    const std::string hash = crypto::ProofHash(ask_.confirmation_code);
    if (hash.empty()) return ProofInvalid("confirmation_code");
    for (Authorization& live : LiveAuthorizations(transaction_, ask_.smart_account_id, instance_id_)) {
      if (live.confirmation_hash != hash) continue;
      if (live.state == AuthorizationState::kGranted) {
        RETURN_IF_ERROR(changes.Confirm(live));
        Audit(live, "confirmed");
      }
      named_ = IsReservation(live.kind) == IsReservation(ask_.kind);
      proven_ = std::move(live);
      LookAtLive();
      return absl::OkStatus();
    }
    return ProofInvalid("confirmation_code");
  }

  absl::Status TakeRemoval(AuthorizationChanges& changes) {
    if (ask_.removal_code.empty()) return absl::OkStatus();
    const std::string hash = crypto::ProofHash(ask_.removal_code);
    if (hash.empty()) return ProofInvalid("removal_code");
    for (Authorization& live : LiveAuthorizations(transaction_, ask_.smart_account_id, instance_id_)) {
      if (live.removal_hash != hash) continue;
      RETURN_IF_ERROR(changes.Return(live));
      Audit(live, "returned");
      proven_ = std::move(live);
      LookAtLive();
      return absl::OkStatus();
    }
    // It frees once; who sends it again hears the same.
    proven_ = FindReturned(transaction_, ask_.smart_account_id, instance_id_, hash);
    return proven_.has_value() ? absl::OkStatus() : ProofInvalid("removal_code");
  }

  // The one that asks for the same already, if nothing forbids the answer.
  absl::StatusOr<std::optional<Authorization>> FindSame() const {
    if (open_.has_value()) {
      if (open_->lines != lines_) return AuthorizationOpen(open_->id, StateName(open_->state));
      return open_;
    }
    if (installed_.has_value()) {
      if (installed_->lines == lines_ && Lacking().empty()) return installed_;
      // After the end of its term the same request is one for the next. While a part is in force only who has
      // the installed code may have it replaced: the new one's removal would free that part.
      const bool is_over = installed_->lines == lines_ && in_force_.empty();
      if (!is_over && !named_) return ConfirmationCodeRequired(installed_->id);
    }
    return std::nullopt;
  }

  // What the installed code covers now stays with it until the new one is installed. Lots that have ended
  // cover nothing.
  std::vector<WantedTag> Lacking() const {
    std::vector<WantedTag> wanted;
    for (const AuthorizationLine& line : lines_) {
      const auto covered = in_force_.find(line.tag_id);
      const int64_t quantity = line.quantity - (covered == in_force_.end() ? 0 : covered->second);
      if (quantity > 0) wanted.push_back({line.tag_id, quantity});
    }
    return wanted;
  }

  absl::Status Short(const Shortage& shortage, const WantedTag& wanted, int64_t virtual_account_id) const {
    const auto line = std::find_if(ask_.lines.begin(), ask_.lines.end(), [&](const AuthorizationLine& one) {
      return std::any_of(lines_.begin(), lines_.end(), [&](const AuthorizationLine& resolved) {
        return resolved.tag_id == wanted.tag_id && resolved.tag == one.tag;
      });
    });
    return QuantityNotAvailable(
        LineField(static_cast<size_t>(line - ask_.lines.begin()), "count"), wanted.quantity,
        shortage.available,
        absl::StrCat(line->tag, " in ",
                     VirtualAccountNames(transaction_, ask_.smart_account_id).at(virtual_account_id)));
  }

  absl::StatusOr<Authorization> Hold(AuthorizationChanges& changes) {
    bool four_eyes = false;
    if (export_controlled_) {
      const AuthorizationRule rule = ReadAuthorizationRule(transaction_, ask_.smart_account_id);
      RETURN_IF_ERROR(CheckExport(rule.export_status));
      four_eyes = rule.four_eyes;
    }
    const AuthorizedInstance instance = *changes.rights().FindInstance(instance_id_);
    const std::vector<WantedTag> wanted = Lacking();
    if (installed_.has_value()) RETURN_IF_ERROR(changes.LetGoOfEnded(*installed_));
    const auto result = changes.rights().Hold(instance, wanted);
    if (result.shortage.has_value()) {
      return Short(*result.shortage, wanted[result.shortage->line], instance.virtual_account_id);
    }
    Authorization authorization;
    authorization.product_instance_id = instance_id_;
    authorization.udi = ask_.udi;
    authorization.virtual_account_id = instance.virtual_account_id;
    authorization.kind = ask_.kind;
    authorization.state = four_eyes ? AuthorizationState::kAwaitingApproval : AuthorizationState::kHeld;
    // Also grows when the database was restored to an earlier day.
    authorization.sequence = std::max(LastSequence(transaction_, ask_.smart_account_id, instance_id_) + 1,
                                      absl::ToUnixSeconds(act_.now));
    if (installed_.has_value()) authorization.replaces = installed_->id;
    authorization.requested_by = act_.actor;
    authorization.requested_at = act_.now;
    authorization.hold_expires_at = act_.now + (four_eyes ? terms_.approval_timeout : terms_.hold_timeout);
    authorization.lines = lines_;
    authorization.id = InsertAuthorization(transaction_, ask_.smart_account_id, authorization);
    AddShares(transaction_, ask_.smart_account_id, authorization.id, result.held);
    Audit(authorization, StateName(authorization.state));
    changes.rights().Settle();
    return authorization;
  }

  void Audit(const Authorization& authorization, const char* what) const {
    WriteAudit(transaction_, ask_.smart_account_id, act_, "",
               absl::StrCat("{\"authorization_id\":", authorization.id, ",\"state\":\"", what, "\"}"));
  }

  pqxx::transaction_base& transaction_;
  const Act& act_;
  const AuthorizationAsk& ask_;
  const AuthorizationTerms& terms_;
  // As asked, with tag ids, in their order.
  std::vector<AuthorizationLine> lines_;
  bool export_controlled_ = false;
  int64_t instance_id_ = 0;
  std::optional<Authorization> open_, installed_;
  // By tag, what the installed one has of lots in force.
  std::map<int32_t, int64_t> in_force_;
  // What a proof was about.
  std::optional<Authorization> proven_;
  // The confirmation code of the installed one was shown.
  bool named_ = false;
};

}  // namespace

absl::StatusOr<Authorization> AuthorizationFlow::Ask(pqxx::transaction_base& transaction, const Act& act,
                                                     const AuthorizationAsk& ask) const {
  return Asking(transaction, act, ask, terms_).Run();
}

}  // namespace quartermaster::ledger
