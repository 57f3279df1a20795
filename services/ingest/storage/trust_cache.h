// What this node's trust says about the signers of reports: view authority_v1_trust_certificates,
// kept in memory for the keys and UDIs that reports come from.
#ifndef QUARTERMASTER_SERVICES_INGEST_STORAGE_TRUST_CACHE_H_
#define QUARTERMASTER_SERVICES_INGEST_STORAGE_TRUST_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/common/crypto/signature.h"
#include "services/common/pg/raw_connection.h"
#include "services/ingest/domain/report.h"
#include "services/ingest/domain/verification.h"
#include "services/ingest/storage/lookup_session.h"
#include "services/ingest/storage/recent_map.h"

namespace quartermaster::ingest {

// Who signed a report, as it says itself.
struct TrustQuestion {
  std::string_view key_id;
  const Udi* udi = nullptr;
};

// The answer to one question, as domain/verification.h wants it. Holds what it needs: the cache may
// forget the key meanwhile.
class TrustAnswer final : public TrustLookup {
 public:
  std::shared_ptr<const TrustedKey> FindKey(std::string_view) const override { return key_; }
  bool HasTrust(const Udi&) const override { return has_trust_; }

 private:
  friend class TrustCache;
  std::shared_ptr<const TrustedKey> key_;
  bool has_trust_ = false;
};

// Thread-safe.
//
// How fresh: a signer that was not known counts within 20 ms after the import of its certificate,
// because every answer that somebody has no trust here rests on a look at the newest imported_at that
// is at most that old. A revocation counts within 2 s, because every answer about a known signer rests on a
// look at the newest revocation_number that is at most that old. A renewal counts within 30 s, which is
// little of the overlap for which the key before stays good. A node without any certificate costs one such
// look and no memory.
class TrustCache {
 public:
  struct Limits {
    size_t signers_max = 32768;  // about 3 kB each, where each has a key of its own
    size_t udis_max = 131072;    // about 200 B each
    absl::Duration import_fresh = absl::Milliseconds(20);
    absl::Duration signer_fresh = absl::Seconds(30);
    absl::Duration revocation_fresh = absl::Seconds(2);
  };
  TrustCache(pg::Options database, Limits limits);
  explicit TrustCache(pg::Options database) : TrustCache(std::move(database), Limits()) {}

  // From memory only. False: something is not known, or not fresh enough; use Answer.
  bool TryAnswer(std::span<const TrustQuestion> questions, std::vector<TrustAnswer>& answers);

  // Asks the database for what memory lacks, in a few statements. Blocks; while the database is away
  // it tries again until `deadline`. Callers take turns attempt by attempt, so that the patience of
  // one is not the wait of another.
  absl::Status Answer(std::span<const TrustQuestion> questions, absl::Time deadline,
                      std::vector<TrustAnswer>& answers);

 private:
  // A key as it is bound to one UDI.
  struct KnownSigner {
    // Null: none of ours. Without a binding: ours, but bound to others only.
    std::shared_ptr<const TrustedKey> key;
    absl::Time read_at;
    int64_t epoch = 0;
    // The newest one when it was read.
    int64_t revocation_number = 0;
  };
  struct KnownUdi {
    bool has_trust = false;
    absl::Time read_at;
    int64_t epoch = 0;
  };
  struct Missing;
  // When a question is answered, and whether what was lacking then may be said to lack still.
  struct Moment {
    absl::Time now;
    bool epoch_is_fresh = false;
    // The same of whoever might have been revoked.
    bool revocations_are_fresh = false;
  };

  bool FromMemory(std::span<const TrustQuestion> questions, Moment at, std::vector<TrustAnswer>& answers,
                  Missing* missing) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const KnownSigner* FreshSigner(const std::string& signer_key, Moment at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const KnownUdi* FreshUdi(const std::string& udi_key, Moment at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Moment MomentOf(absl::Time now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  // One attempt, when it is this caller's turn before `deadline`.
  absl::Status AskInTurn(std::span<const TrustQuestion> questions, absl::Time deadline,
                         std::vector<TrustAnswer>& answers);
  absl::Status Ask(std::span<const TrustQuestion> questions, std::vector<TrustAnswer>& answers);
  absl::Status LookAtImports(pg::RawConnection& connection);
  absl::Status ReadSigners(pg::RawConnection& connection, const Missing& missing);
  std::vector<int16_t> KeysToRead(const Missing& missing);
  void RememberKeys(const std::vector<std::string_view>& key_ids, const pg::Result& rows);
  absl::Status ReadUdis(pg::RawConnection& connection, const Missing& missing);

  const Limits limits_;
  // Of the caller whose turn it is.
  LookupSession session_;

  absl::Mutex mutex_;
  bool asking_ ABSL_GUARDED_BY(mutex_) = false;
  // Counts up when the newest imported_at changes; what was not known before is asked again then.
  int64_t epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Time> newest_import_ ABSL_GUARDED_BY(mutex_);
  int64_t newest_revocation_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the last look at both.
  absl::Time epoch_read_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  RecentMap<KnownSigner> signers_ ABSL_GUARDED_BY(mutex_);
  // By key id, which names a key for ever: reading one from its certificate costs some 0.3 ms.
  RecentMap<crypto::PublicKey> public_keys_ ABSL_GUARDED_BY(mutex_);
  RecentMap<KnownUdi> udis_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace quartermaster::ingest

#endif  // QUARTERMASTER_SERVICES_INGEST_STORAGE_TRUST_CACHE_H_
