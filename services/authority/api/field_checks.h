// Fields that several calls of authority have.
#ifndef QUARTERMASTER_SERVICES_AUTHORITY_API_FIELD_CHECKS_H_
#define QUARTERMASTER_SERVICES_AUTHORITY_API_FIELD_CHECKS_H_

#include <google/protobuf/timestamp.pb.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "quartermaster/common/v1/common.pb.h"
#include "services/common/crypto/certificate.h"

namespace quartermaster::authority {

// Of a product id or serial number: 1 to 64 bytes.
absl::Status CheckUdiPart(const char* field, const std::string& value);

google::protobuf::Timestamp ToTimestampProto(absl::Time time);
void SetUdi(const crypto::SubjectUdi& udi, common::v1::Udi& proto);

}  // namespace quartermaster::authority

#endif  // QUARTERMASTER_SERVICES_AUTHORITY_API_FIELD_CHECKS_H_
