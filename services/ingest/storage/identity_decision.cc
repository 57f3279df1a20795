#include "services/ingest/storage/identity_decision.h"

namespace quartermaster::ingest {

const OtherPayload* FindOtherPayload(const std::vector<OtherPayload>& others, const pg::Uuid& payload_hash,
                                     OtherPayload::Kind kind) {
  for (const OtherPayload& other : others) {
    if (other.kind == kind && other.payload_hash == payload_hash) return &other;
  }
  return nullptr;
}

IdentityDecision DecideIdentity(const StandingReport& standing, const std::vector<OtherPayload>& others,
                                const pg::Uuid& payload_hash, Verification verification) {
  const bool raises =
      verification == Verification::kVerified && standing.verification != Verification::kVerified;
  if (raises) return IdentityDecision::kSupersede;
  if (standing.payload_hash == payload_hash) return IdentityDecision::kDuplicate;
  // A replaced payload that now comes verified is a second verified word: that is a conflict.
  if (verification != Verification::kVerified &&
      FindOtherPayload(others, payload_hash, OtherPayload::Kind::kReplaced) != nullptr) {
    return IdentityDecision::kDuplicateOfReplaced;
  }
  if (FindOtherPayload(others, payload_hash, OtherPayload::Kind::kConflict) != nullptr) {
    return IdentityDecision::kConflictAgain;
  }
  return IdentityDecision::kConflict;
}

}  // namespace quartermaster::ingest
