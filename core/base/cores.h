// How many threads can really compute at once.
#pragma once

namespace patchbay {

/// Cores that this process may use: those of its affinity (taskset, a batch system), no more than what a container's
/// processor quota amounts to. At least 1. std::thread::hardware_concurrency() counts all that the machine has.
int usable_cores();

} // namespace patchbay
