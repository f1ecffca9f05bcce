// patchbay-cli serve: computes what another program asks for, over standard input and output.
#include "base/cores.h"
#include "base/memory.h"
#include "command.h"
#include "hub/listing.h"
#include "interrupt.h"
#include "options.h"
#include "remote/server.h"
#include "requests/workbench.h"
#include "usage_error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace patchbay::cli {

namespace {

struct Options {
    bool stdio = false;
    ResourceOptions resources;
};

/// Standard input or output as a descriptor of our own; in its place comes `instead`, so that a library that prints, or
/// reads, has no part in the messages.
int taken_over(int standard, int instead)
{
    const int own = ::fcntl(standard, F_DUPFD_CLOEXEC, 3);
    if (own < 0 || instead < 0 || ::dup2(instead, standard) < 0)
        throw Error(standard == STDIN_FILENO ? "standard input" : "standard output",
                    std::string("cannot be used: ") + std::strerror(errno));
    return own;
}

int run(const Options &options)
{
    if (!options.stdio)
        throw UsageError("serve", "needs --stdio: messages over standard input and output are all that there is");
    if (::isatty(STDIN_FILENO) || ::isatty(STDOUT_FILENO))
        throw UsageError("--stdio", "is for a program at the other end, not for a terminal");
    const CancelToken &stop = cancel_on_interrupt();
    const Resources resources = options.resources.apply();
    const int in = taken_over(STDIN_FILENO, ::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int out = taken_over(STDOUT_FILENO, STDERR_FILENO);
    remote::Hello hello;
    hello.program = program_version();
    hello.cores = resources.threads > 0 ? resources.threads : usable_cores();
    hello.memory = usable_memory();
    hello.device = resources.device;
    hello.cache = list_cache(stop);
    remote::Server server(in, out, std::make_unique<Workbench>(resources), hello);
    server.serve(stop);
    return 0;
}

} // namespace

Runner add_serve(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_flag("--stdio", options->stdio, "Requests come on standard input, events go to standard output");
    options->resources.add(app);
    app.footer("No port is opened: whatever starts the program is the connection, such as ssh HOST patchbay-cli serve "
               "--stdio. It ends when its input is closed, or on SIGTERM. The handbook's page Computing elsewhere "
               "describes the messages.");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
