// The hub's refusals in words that a person can act on. For core's own sources only.
#pragma once

#include "hub/detail/http.h"
#include "hub/hub_name.h"

namespace patchbay {

/// Throws Error where the hub's answer (a status of 400 or more) to a question about a model, or about a file of it, is
/// a refusal.
void refuse_answer(const HubName &name, const std::string &file, const HttpAnswer &answer);

} // namespace patchbay
