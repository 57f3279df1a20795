// When a product instance must be acknowledged and will push next, as it knows it by itself.
#ifndef QUARTERMASTER_CLIENTS_AGENT_NEXT_DEADLINES_H_
#define QUARTERMASTER_CLIENTS_AGENT_NEXT_DEADLINES_H_

#include <cstdint>
#include <optional>

#include "clients/agent/agent_state.h"

namespace quartermaster::agent {

// What is installed or, until something is, the default policy.
InstalledPolicy PolicyInForce(const AgentState& state);

// Unix seconds. After an acknowledgement what came with it. Before any, the first-report days from the
// first use; the agent has no catalogue, so every tag counts as an unenforced subscription. None where
// the policy requires no acknowledgement.
std::optional<int64_t> NextAcknowledgement(const AgentState& state);
// Last push (now, before any) + the push interval.
int64_t NextPush(const AgentState& state);

}  // namespace quartermaster::agent

#endif  // QUARTERMASTER_CLIENTS_AGENT_NEXT_DEADLINES_H_
