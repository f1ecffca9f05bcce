#include "close_on_signal.h"

#include <QApplication>
#include <QSocketNotifier>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace patchbay {

namespace {

int ends[2] = {-1, -1}; // of a pipe: the handler writes, the event loop reads

extern "C" void write_signal(int signal)
{
    // write() and signal() are all that may happen in here.
    const int before = errno;
    const char which = static_cast<char>(signal);
    if (::write(ends[1], &which, 1) != 1)
        std::abort();
    std::signal(signal, SIG_DFL);
    errno = before;
}

} // namespace

void closeWindowsOnSignals(QObject *parent)
{
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return; // then a signal ends the program at once, as it does without this
    auto *notifier = new QSocketNotifier(ends[0], QSocketNotifier::Read, parent);
    QObject::connect(notifier, &QSocketNotifier::activated, parent, [notifier] {
        notifier->setEnabled(false);
        QApplication::closeAllWindows();
        QApplication::quit();
    });
    std::signal(SIGINT, write_signal);
    std::signal(SIGTERM, write_signal);
}

} // namespace patchbay
