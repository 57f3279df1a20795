// Cuts a text of many certificates into requests of bounded size.
#ifndef QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PEM_BATCHES_H_
#define QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PEM_BATCHES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quartermaster::qmctl {

struct PemBatch {
  std::string pem;
  // Certificates before this batch.
  int first_place = 0;
};

// Batches end behind an END line, at about `bytes_target`; what stands around the blocks stays. A
// text without any block is one batch.
std::vector<PemBatch> CutPem(std::string_view text, size_t bytes_target = 1 << 20);

}  // namespace quartermaster::qmctl

#endif  // QUARTERMASTER_CLIENTS_QMCTL_COMMANDS_PEM_BATCHES_H_
