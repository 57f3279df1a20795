// Tells systemd how the process is, when systemd started it (Type=notify).
#ifndef QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SYSTEMD_NOTICE_H_
#define QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SYSTEMD_NOTICE_H_

#include <string_view>

namespace quartermaster {

// Sends "READY=1", "STOPPING=1", "STATUS=…" to the datagram socket that $NOTIFY_SOCKET names (a path,
// or "@name" for an abstract one). Does nothing, and answers false, when there is none or it does
// not take it: a notice is a courtesy.
bool NotifySystemd(std::string_view state);

}  // namespace quartermaster

#endif  // QUARTERMASTER_SERVICES_COMMON_LIFECYCLE_SYSTEMD_NOTICE_H_
