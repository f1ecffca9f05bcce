// How long a compute thread that has nothing to do spins before it sleeps. Include in the file that has main().
#pragma once

#include <cstdlib>

namespace patchbay {

/// OpenMP's threads spin for several milliseconds at the end of every parallel loop. On a machine with other work (this program's own window, too)
/// they take the processor from the thread that they wait for: with one other busy program a sweep of the demo model then takes ten times as long.
/// A short spin still covers the gaps between the engine's loops. What the user has set stays.
inline void wait_briefly(int, char **, char **)
{
    if (!std::getenv("OMP_WAIT_POLICY") && !std::getenv("GOMP_SPINCOUNT"))
        ::setenv("GOMP_SPINCOUNT", "5000", 0);
}

#if defined(__linux__) && defined(__GNUC__)
// libgomp reads the variable while it loads, before main() and before any other constructor.
__attribute__((section(".preinit_array"), used)) static void (*const wait_briefly_early)(int, char **, char **) = wait_briefly;
#endif

} // namespace patchbay
