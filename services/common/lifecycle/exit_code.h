// How server processes end.
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_EXIT_CODE_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_EXIT_CODE_H_

namespace quartermaster {

// Named as sysexits.h does where it has a name.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,          // a step of the start, or a stop that had to be cut short
  kExitUsage = 64,          // command line
  kExitUnavailable = 69,    // the database cannot be reached, migrated, or is not durable
  kExitConfiguration = 78,  // configuration file
};

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_EXIT_CODE_H_
