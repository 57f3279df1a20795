#include "services/ingest/storage/trust_cache.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "services/common/errors/error.h"
#include "services/common/log/log.h"
#include "services/common/pg/pg_errors.h"
#include "services/common/status/status_macros.h"

namespace quartermaster::ingest {
namespace {

// Of two imports that overlap, the older may commit later and leave the newest imported_at as it
// was: what is not known is asked again after this all the same.
constexpr absl::Duration kUnknownSignerFresh = absl::Seconds(1);
constexpr absl::Duration kUntrustedUdiFresh = absl::Seconds(30);
constexpr absl::Duration kRetryWait = absl::Milliseconds(100);

// 0 cannot stand in a product id that the parser let through.
std::string UdiKey(const Udi& udi) { return udi.product_id + '\0' + udi.serial_number; }

std::string SignerKey(const TrustQuestion& question) {
  return std::string(question.key_id) + UdiKey(*question.udi);
}

}  // namespace

// What the database must be asked.
struct TrustCache::Missing {
  std::map<std::string, TrustQuestion> signers;
  std::map<std::string, const Udi*> udis;
};

TrustCache::TrustCache(pg::Options database, Limits limits)
    : limits_(limits),
      session_(std::move(database)),
      signers_(limits.signers_max),
      public_keys_(limits.signers_max),
      udis_(limits.udis_max) {}

bool TrustCache::TryAnswer(std::span<const TrustQuestion> questions, std::vector<TrustAnswer>& answers) {
  absl::MutexLock lock(&mutex_);
  return FromMemory(questions, MomentOf(absl::Now()), answers, nullptr);
}

absl::Status TrustCache::Answer(std::span<const TrustQuestion> questions, absl::Time deadline,
                                std::vector<TrustAnswer>& answers) {
  while (true) {
    absl::Status status = AskInTurn(questions, deadline, answers);
    if (status.ok() || !errors::IsRetryable(status)) return status;
    if (absl::Now() + kRetryWait >= deadline) return status;
    absl::SleepFor(kRetryWait);
  }
}

absl::Status TrustCache::AskInTurn(std::span<const TrustQuestion> questions, absl::Time deadline,
                                   std::vector<TrustAnswer>& answers) {
  {
    absl::MutexLock lock(&mutex_);
    const auto free = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return !asking_; };
    if (!mutex_.AwaitWithDeadline(absl::Condition(&free), deadline)) {
      return pg::Unavailable("trust: the database did not answer in time");
    }
    asking_ = true;
  }
  const absl::Cleanup give_back = [this] {
    absl::MutexLock lock(&mutex_);
    asking_ = false;
  };
  return Ask(questions, answers);
}

absl::Status TrustCache::Ask(std::span<const TrustQuestion> questions, std::vector<TrustAnswer>& answers) {
  // Somebody else may have asked the same meanwhile.
  if (TryAnswer(questions, answers)) return absl::OkStatus();
  ASSIGN_OR_RETURN(pg::RawConnection * connection, session_.Connection());
  RETURN_IF_ERROR(LookAtImports(*connection));
  // First the keys, then the UDIs of those who have no key of ours.
  for (int round = 0; round < 3; ++round) {
    Missing missing;
    {
      absl::MutexLock lock(&mutex_);
      // However long the statements take, the answer rests on this look.
      if (FromMemory(questions, {absl::Now(), true, true}, answers, &missing)) return absl::OkStatus();
    }
    RETURN_IF_ERROR(ReadSigners(*connection, missing));
    RETURN_IF_ERROR(ReadUdis(*connection, missing));
  }
  return absl::ResourceExhaustedError("trust: got more signers at once than the cache holds");
}

TrustCache::Moment TrustCache::MomentOf(absl::Time now) const {
  const absl::Duration age = now - epoch_read_at_;
  return {now, age < limits_.import_fresh, age < limits_.revocation_fresh};
}

const TrustCache::KnownSigner* TrustCache::FreshSigner(const std::string& signer_key, Moment at) {
  const KnownSigner* known = signers_.Find(signer_key);
  if (known == nullptr) return nullptr;
  if (known->key != nullptr && !known->key->bindings.empty()) {
    const bool none_since = at.revocations_are_fresh && known->revocation_number == newest_revocation_;
    return none_since && at.now - known->read_at < limits_.signer_fresh ? known : nullptr;
  }
  const bool in_epoch = at.epoch_is_fresh && known->epoch == epoch_;
  return in_epoch && at.now - known->read_at < kUnknownSignerFresh ? known : nullptr;
}

const TrustCache::KnownUdi* TrustCache::FreshUdi(const std::string& udi_key, Moment at) {
  const KnownUdi* known = udis_.Find(udi_key);
  if (known == nullptr || known->has_trust) return known;
  const bool in_epoch = at.epoch_is_fresh && known->epoch == epoch_;
  return in_epoch && at.now - known->read_at < kUntrustedUdiFresh ? known : nullptr;
}

// False when something is missing, which is then listed. A question is answered by its key, and only
// without one of ours by its UDI.
bool TrustCache::FromMemory(std::span<const TrustQuestion> questions, Moment at,
                            std::vector<TrustAnswer>& answers, Missing* missing) {
  answers.assign(questions.size(), TrustAnswer());
  // Nobody has any trust here.
  if (!newest_import_.has_value() && at.epoch_is_fresh) return true;
  bool complete = true;
  for (size_t i = 0; i < questions.size(); ++i) {
    const TrustQuestion& question = questions[i];
    if (IsKeyId(question.key_id)) {
      std::string signer_key = SignerKey(question);
      const KnownSigner* signer = FreshSigner(signer_key, at);
      if (signer == nullptr) {
        complete = false;
        if (missing == nullptr) return false;
        missing->signers.emplace(std::move(signer_key), question);
        continue;
      }
      answers[i].key_ = signer->key;
    }
    if (answers[i].key_ != nullptr) continue;
    std::string udi_key = UdiKey(*question.udi);
    const KnownUdi* udi = FreshUdi(udi_key, at);
    if (udi == nullptr) {
      complete = false;
      if (missing == nullptr) return false;
      missing->udis.emplace(std::move(udi_key), question.udi);
      continue;
    }
    answers[i].has_trust_ = udi->has_trust;
  }
  return complete;
}

constexpr char kReadNewest[] =
    "SELECT max(imported_at), coalesce(max(revocation_number), 0) FROM authority_v1_trust_certificates";

// Unless the last look is fresh.
absl::Status TrustCache::LookAtImports(pg::RawConnection& connection) {
  // Before the statement: what is imported while it runs belongs to the next look.
  const absl::Time read_at = absl::Now();
  {
    absl::MutexLock lock(&mutex_);
    const Moment at = MomentOf(read_at);
    if (at.epoch_is_fresh && at.revocations_are_fresh) return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(pg::Result rows, connection.Execute(kReadNewest, pg::Params()));
  std::optional<absl::Time> newest;
  if (!rows.IsNull(0, 0)) newest = rows.Time(0, 0);
  absl::MutexLock lock(&mutex_);
  if (newest != newest_import_) {
    newest_import_ = newest;
    ++epoch_;
  }
  newest_revocation_ = rows.Int64(0, 1);
  epoch_read_at_ = read_at;
  return absl::OkStatus();
}

// The binding of a key to a UDI, or else one of its bindings to others, without its UDI. The
// certificate only where the key is not known yet.
constexpr char kReadSigners[] = R"(
SELECT k.place::int, bound.key_id IS NOT NULL,
       CASE WHEN k.wants_key = 1 THEN coalesce(bound.certificate, other.certificate) END,
       bound.not_before, bound.not_after, bound.revoked_at IS NOT NULL, bound.retired_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[]) WITH ORDINALITY
       AS k(key_id, udi_pid, udi_sn, wants_key, place)
LEFT JOIN authority_v1_trust_certificates bound
  ON bound.key_id = k.key_id AND bound.udi_pid = k.udi_pid AND bound.udi_sn = k.udi_sn
LEFT JOIN LATERAL (
  SELECT t.key_id, t.certificate FROM authority_v1_trust_certificates t
  WHERE t.key_id = k.key_id AND bound.key_id IS NULL LIMIT 1) other ON true
WHERE bound.key_id IS NOT NULL OR other.key_id IS NOT NULL
ORDER BY k.place)";

absl::Status TrustCache::ReadSigners(pg::RawConnection& connection, const Missing& missing) {
  if (missing.signers.empty()) return absl::OkStatus();
  std::vector<std::string_view> key_ids, pids, sns;
  for (const auto& [key, question] : missing.signers) {
    key_ids.push_back(question.key_id);
    pids.push_back(question.udi->product_id);
    sns.push_back(question.udi->serial_number);
  }
  pg::Params params;
  params.AddTextArray(key_ids);
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  params.AddArray(KeysToRead(missing));
  const absl::Time read_at = absl::Now();
  ASSIGN_OR_RETURN(pg::Result rows, connection.Execute(kReadSigners, params));
  RememberKeys(key_ids, rows);
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<TrustedKey>> found(key_ids.size());
  for (int row = 0; row < rows.rows(); ++row) {
    const int place = rows.Int32(row, 0) - 1;
    const crypto::PublicKey* public_key = public_keys_.Find(key_ids[place]);
    // Its certificate was not readable. That fails closed: its UDI has our trust, so what it signs is
    // rejected.
    if (public_key == nullptr) continue;
    auto key = std::make_shared<TrustedKey>(TrustedKey{*public_key, {}});
    if (rows.Bool(row, 1)) {
      key->bindings.push_back({.udi = {std::string(pids[place]), std::string(sns[place])},
                               .not_before_s = absl::ToUnixSeconds(rows.Time(row, 3)),
                               .not_after_s = absl::ToUnixSeconds(rows.Time(row, 4)),
                               .revoked = rows.Bool(row, 5)});
      if (!rows.IsNull(row, 6)) key->bindings.back().retired_s = absl::ToUnixSeconds(rows.Time(row, 6));
    }
    found[place] = std::move(key);
  }
  size_t place = 0;
  for (const auto& [key, question] : missing.signers) {
    signers_.Put(key, {std::move(found[place++]), read_at, epoch_, newest_revocation_});
  }
  return absl::OkStatus();
}

// Each key once, and only those that are not known.
std::vector<int16_t> TrustCache::KeysToRead(const Missing& missing) {
  std::vector<int16_t> wanted;
  std::string_view previous;
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, question] : missing.signers) {
    // Sorted by key id.
    const bool first = question.key_id != previous;
    wanted.push_back(first && public_keys_.Find(question.key_id) == nullptr ? 1 : 0);
    previous = question.key_id;
  }
  return wanted;
}

// Reading them is slow, so nobody waits for it with the lock.
void TrustCache::RememberKeys(const std::vector<std::string_view>& key_ids, const pg::Result& rows) {
  for (int row = 0; row < rows.rows(); ++row) {
    if (rows.IsNull(row, 2)) continue;
    const std::string_view key_id = key_ids[rows.Int32(row, 0) - 1];
    auto key = crypto::PublicKey::FromCertificateDer(rows.Bytes(row, 2));
    if (!key.ok()) {
      log::Error("trust certificate is not readable", {{"key_id", key_id}, {"error", key.status()}});
      continue;
    }
    absl::MutexLock lock(&mutex_);
    public_keys_.Put(key_id, *std::move(key));
  }
}

constexpr char kReadUdis[] = R"(
SELECT k.place::int
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(udi_pid, udi_sn, place)
WHERE EXISTS (
  SELECT FROM authority_v1_trust_certificates t
  WHERE t.udi_pid = k.udi_pid AND t.udi_sn = k.udi_sn))";

absl::Status TrustCache::ReadUdis(pg::RawConnection& connection, const Missing& missing) {
  if (missing.udis.empty()) return absl::OkStatus();
  std::vector<std::string_view> pids, sns;
  for (const auto& [key, udi] : missing.udis) {
    pids.push_back(udi->product_id);
    sns.push_back(udi->serial_number);
  }
  pg::Params params;
  params.AddTextArray(pids);
  params.AddTextArray(sns);
  const absl::Time read_at = absl::Now();
  ASSIGN_OR_RETURN(pg::Result rows, connection.Execute(kReadUdis, params));
  std::vector<bool> trusted(missing.udis.size(), false);
  for (int row = 0; row < rows.rows(); ++row) trusted[rows.Int32(row, 0) - 1] = true;
  absl::MutexLock lock(&mutex_);
  size_t place = 0;
  for (const auto& [key, udi] : missing.udis) {
    udis_.Put(key, {trusted[place++], read_at, epoch_});
  }
  return absl::OkStatus();
}

}  // namespace quartermaster::ingest
