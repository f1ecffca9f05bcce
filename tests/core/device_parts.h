// A device's arithmetic looked at from inside. A Qt Test program cannot include LibTorch's headers.
#pragma once

#include "patching/session.h"

#include <map>
#include <string>

namespace patchbay::testing {

/// The steps of every layer of a random model by LibTorch's operations and by block/, over the same random rows: step →
/// the largest difference, as a share of the step's largest number (at least 1).
std::map<std::string, double> step_differences(const ModelConfig &config, uint64_t seed);

/// From now on the session's device has no room for more packed rows at once. It must have one.
void leave_room_for(Session &session, int64_t rows);
/// Rows that it was found to have room for.
int64_t room_found(Session &session);

} // namespace patchbay::testing
