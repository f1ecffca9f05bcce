#include "interrupt.h"

#include "base/signals.h"

#include <csignal>

namespace patchbay::cli {

namespace {

const CancelToken *the_token = nullptr;

extern "C" void cancel_on_signal(int signal)
{
    // A lock-free atomic store and signal() are all that may happen in here.
    the_token->cancel();
    std::signal(signal, SIG_DFL);
}

} // namespace

const CancelToken &cancel_on_interrupt()
{
    if (!the_token) {
        the_token = new CancelToken; // never destroyed: a signal may come while the program ends
        take_signals_in_a_thread();
        std::signal(SIGINT, cancel_on_signal);
        std::signal(SIGTERM, cancel_on_signal);
    }
    return *the_token;
}

} // namespace patchbay::cli
