#include "services/ingest/jobs/train_dictionary.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/common/status/status_macros.h"
#include "services/ingest/storage/built_in_dictionary.h"
#include "services/ingest/storage/estate_dictionary.h"

namespace quartermaster::ingest {
namespace {

constexpr int kTextsMax = 2000;
// Fewer reports are not the estate yet.
constexpr size_t kTextsMin = 500;
constexpr absl::Duration kFirstPause = absl::Seconds(5);
constexpr absl::Duration kLaterPause = absl::Minutes(10);

}  // namespace

absl::StatusOr<bool> TrainDictionary::RunOnce() {
  const int32_t before = dictionaries_.Newest()->id();
  RETURN_IF_ERROR(dictionaries_.Load());
  const std::shared_ptr<const BodyDictionary> current = dictionaries_.Newest();
  if (current->id() != before) return true;
  ASSIGN_OR_RETURN(std::string newest, dictionaries_.NewestReports());
  if (newest == trained_on_) return false;
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, dictionaries_.RecentTexts(kTextsMax));
  if (texts.size() < kTextsMin) return false;
  trained_on_ = std::move(newest);
  const std::optional<std::string> trained = TrainEstateDictionary(texts, *current);
  if (!trained.has_value()) return false;
  RETURN_IF_ERROR(dictionaries_.Add(*trained));
  return dictionaries_.Newest()->id() != before;
}

absl::Duration TrainDictionary::Pause() const {
  const bool has_its_own = dictionaries_.Newest()->id() > kBuiltInDictionaryId;
  return has_its_own || !trained_on_.empty() ? kLaterPause : kFirstPause;
}

}  // namespace quartermaster::ingest
