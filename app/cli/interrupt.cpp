#include "interrupt.h"

#include <csignal>

namespace patchbay::cli {

namespace {

const CancelToken *the_token = nullptr;

extern "C" void on_signal(int signal)
{
    // A lock-free atomic store and signal() are all that may happen in here.
    the_token->cancel();
    std::signal(signal, SIG_DFL);
}

} // namespace

const CancelToken &cancel_on_interrupt()
{
    static const CancelToken token;
    if (!the_token) {
        the_token = &token;
        std::signal(SIGINT, on_signal);
        std::signal(SIGTERM, on_signal);
    }
    return token;
}

} // namespace patchbay::cli
