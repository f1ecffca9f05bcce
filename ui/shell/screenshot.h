// A picture of the window after the first minutes of use: baseline, a finished sweep, the strongest head's attention.
#pragma once

#include "shell/steps.h"

#include <QString>

namespace patchbay {

class MainWindow;

/// The steps of that journey; the window must have been started.
std::vector<Step> firstMinutes(MainWindow &window);

/// Goes through them, saves the PNG and calls finished(exit code); problems are printed to standard error.
void takeScreenshot(MainWindow &window, const QString &file, std::function<void(int)> finished);

} // namespace patchbay
