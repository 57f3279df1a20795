// A higher tier's surplus covers a lower tier's shortage inside one Virtual Account. A view: nothing
// of this is ever posted.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SUBSTITUTION_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SUBSTITUTION_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace quartermaster::ledger {

// Which tag's surplus covers which tag's shortage: a partial order over the tags of the catalogue.
// Thread-safe once built.
class SubstitutionHierarchy {
 public:
  // A surplus of `higher` covers a shortage of `lower`, and of whatever `lower` covers.
  void Add(int32_t higher, int32_t lower) { lower_of_[higher].push_back(lower); }

  // Tags that a surplus of `tag` covers, with the distance in the hierarchy (1 = named directly).
  std::map<int32_t, int> CoveredBy(int32_t tag) const;
  // Whether nothing covers itself through others: then it is an order.
  bool IsAcyclic() const;
  bool empty() const { return lower_of_.empty(); }

 private:
  std::map<int32_t, std::vector<int32_t>> lower_of_;
};

// A pool as substitution sees it: what is left (or, negative, missing) of a tag.
struct TagBalance {
  int32_t tag_id = 0;
  // Orders pools where nothing else does.
  std::string_view tag;
  int64_t balance = 0;
};

// `quantity` of from_tag_id's surplus covers to_tag_id's shortage.
struct Lending {
  int32_t from_tag_id = 0;
  int32_t to_tag_id = 0;
  int64_t quantity = 0;
  bool operator==(const Lending&) const = default;
};

// The largest cover that the surpluses can give; among those the one over the shortest distances in
// the hierarchy, then by the lending tag's name, then by the borrowing one's.
std::vector<Lending> CoverShortages(std::span<const TagBalance> pools,
                                    const SubstitutionHierarchy& hierarchy);

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_SUBSTITUTION_H_
