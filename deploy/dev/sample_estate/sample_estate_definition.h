// estate.json, inside the binary.
#ifndef QUARTERMASTER_DEPLOY_DEV_SAMPLE_ESTATE_SAMPLE_ESTATE_DEFINITION_H_
#define QUARTERMASTER_DEPLOY_DEV_SAMPLE_ESTATE_SAMPLE_ESTATE_DEFINITION_H_

#include <string_view>

namespace quartermaster {

std::string_view SampleEstateDefinition();

}  // namespace quartermaster

#endif  // QUARTERMASTER_DEPLOY_DEV_SAMPLE_ESTATE_SAMPLE_ESTATE_DEFINITION_H_
