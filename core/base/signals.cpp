#include "base/signals.h"

#include <cstring>
#include <mutex>
#include <new>
#include <pthread.h>
#include <unistd.h>

namespace patchbay {

namespace {

// Everything but the faults of the thread itself: one of those that is held off ends the process, without a word of
// what it was.
sigset_t held_off()
{
    sigset_t set;
    sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        sigdelset(&set, fault);
    return set;
}

#if defined(__linux__) && defined(__GNUC__)

// OpenBLAS starts its threads while it loads, before main(): they inherit what the main thread has then. So it holds
// signals off from before the first library's constructor until after the last one's: the program's own constructors
// run then, this one as the first of them.
sigset_t mask_at_start;

void before_libraries(int, char **, char **)
{
    const sigset_t set = held_off();
    pthread_sigmask(SIG_BLOCK, &set, &mask_at_start);
}

__attribute__((section(".preinit_array"), used)) //
void (*const before_libraries_entry)(int, char **, char **) = before_libraries;

__attribute__((constructor(101))) void after_libraries()
{
    pthread_sigmask(SIG_SETMASK, &mask_at_start, nullptr);
}

#endif

void *wait_for_signals(void *)
{
    for (;;)
        ::pause();
    return nullptr;
}

} // namespace

SignalsHeldOff::SignalsHeldOff()
{
    const sigset_t set = held_off();
    pthread_sigmask(SIG_BLOCK, &set, &m_before);
}

SignalsHeldOff::~SignalsHeldOff()
{
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

void hold_off_signals()
{
    const sigset_t set = held_off();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void take_signals_in_a_thread()
{
    static std::once_flag once;
    std::call_once(once, [] {
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes) != 0)
            throw std::bad_alloc();
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, 256 * 1024); // a handler's frame and what it calls
        pthread_t thread;
        const int error = pthread_create(&thread, &attributes, wait_for_signals, nullptr);
        pthread_attr_destroy(&attributes);
        if (error != 0)
            throw std::bad_alloc();
    });
}

} // namespace patchbay
