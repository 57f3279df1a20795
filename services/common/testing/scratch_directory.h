// A directory that is gone when the test is, however the test ends. Should the test die, a janitor
// process also stops a PostgreSQL whose cluster is in its postgres/.
#ifndef QUARTERMASTER_SERVICES_COMMON_TESTING_SCRATCH_DIRECTORY_H_
#define QUARTERMASTER_SERVICES_COMMON_TESTING_SCRATCH_DIRECTORY_H_

#include <string>

namespace quartermaster::testing {

// The path is short, so that a socket fits into it. Aborts when it cannot be made.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  int janitor_fd_ = -1;
};

}  // namespace quartermaster::testing

#endif  // QUARTERMASTER_SERVICES_COMMON_TESTING_SCRATCH_DIRECTORY_H_
