#include "base/signals.h"

#include <cstring>
#include <mutex>
#include <new>
#include <pthread.h>
#include <unistd.h>

namespace patchbay {

namespace {

void *wait_for_signals(void *)
{
    for (;;)
        ::pause();
    return nullptr;
}

} // namespace

sigset_t signals_to_hold_off()
{
    sigset_t set;
    sigfillset(&set);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
        sigdelset(&set, fault);
    return set;
}

SignalsHeldOff::SignalsHeldOff()
{
    const sigset_t set = signals_to_hold_off();
    pthread_sigmask(SIG_BLOCK, &set, &m_before);
}

SignalsHeldOff::~SignalsHeldOff()
{
    pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
}

void hold_off_signals()
{
    const sigset_t set = signals_to_hold_off();
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
