// Linked into every program that uses core, not into its libraries: what begins before the first of them.
#include "base/signals.h"

namespace patchbay {

namespace {

#if defined(__linux__) && defined(__GNUC__)

// OpenBLAS starts its threads while it loads, before main(): they inherit what the main thread has then. So it holds
// signals off from before the first library's constructor until after the last one's: the program's own constructors
// run then, this one as the first of them.
sigset_t mask_at_start;

void before_libraries(int, char **, char **)
{
    const sigset_t set = signals_to_hold_off();
    pthread_sigmask(SIG_BLOCK, &set, &mask_at_start);
}

// Only a program can have this section, a shared library can't.
__attribute__((section(".preinit_array"), used)) //
void (*const before_libraries_entry)(int, char **, char **) = before_libraries;

__attribute__((constructor(101))) void after_libraries()
{
    pthread_sigmask(SIG_SETMASK, &mask_at_start, nullptr);
}

#endif

} // namespace

} // namespace patchbay
