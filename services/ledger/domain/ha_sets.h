// Which product instances form one consumer: the connected components of "reported each other as
// members of an HA set". The lead of a set is its member with the smallest (product id, serial
// number), so that every order of arrival names the same one. Sets only grow. Pure.
#ifndef QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HA_SETS_H_
#define QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HA_SETS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quartermaster::ledger {

// No product has larger sets; a claim that goes beyond is not believed.
inline constexpr size_t kHaSetMembersMax = 64;

struct HaInstance {
  int64_t product_instance_id = 0;
  std::string udi_pid;
  std::string udi_sn;
  // As stored; the instance itself when it stands alone.
  int64_t lead_id = 0;
};

struct HaSet {
  int64_t lead_id = 0;
  // In the order of their UDIs; the first is the lead.
  std::vector<int64_t> members;
  // The leads that they had; more than one, or another than lead_id: timelines must be merged.
  std::vector<int64_t> leads_before;
};

class HaSets {
 public:
  // With an instance come all the others of its set, in any order. Adding one again is harmless.
  void Add(const HaInstance& instance);
  bool Contains(int64_t product_instance_id) const;

  // Both were added. False, and nothing happens, when the set would have more than
  // kHaSetMembersMax members.
  [[nodiscard]] bool Join(int64_t a, int64_t b);

  // The sets that differ from what is stored.
  std::vector<HaSet> Changed() const;

 private:
  int64_t RootOf(int64_t id) const;

  std::map<int64_t, HaInstance> instances_;
  std::map<int64_t, int64_t> parent_;
  std::map<int64_t, size_t> size_;
  // One instance of each stored lead.
  std::map<int64_t, int64_t> follower_of_;
};

}  // namespace quartermaster::ledger

#endif  // QUARTERMASTER_SERVICES_LEDGER_DOMAIN_HA_SETS_H_
