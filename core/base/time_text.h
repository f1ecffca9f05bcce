// The time for files, alike under every locale.
#pragma once

#include <string>

namespace patchbay {

/// Now, as ISO 8601 has it, in local time to the second: "2026-11-27T17:03:56".
std::string time_text();

} // namespace patchbay
