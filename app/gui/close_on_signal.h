// Ctrl+C and a session that ends close the window as its button does.
#pragma once

class QObject;

namespace patchbay {

/// From now on SIGINT and SIGTERM close all windows, in the event loop: settings are kept, and what is running is
/// stopped. A second signal of the same kind ends the program at once. parent: ends the watch with it; there is one for
/// a program.
void closeWindowsOnSignals(QObject *parent);

} // namespace patchbay
