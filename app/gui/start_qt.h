// Starting Qt so that numbers look alike everywhere, and so that a missing display is a sentence.
#pragma once

#include <QApplication>

#include <memory>

namespace patchbay {

/// The application with its window system. Where that cannot be had, says so in one sentence and ends the program with
/// exit code 1.
std::unique_ptr<QApplication> start_qt(int &argc, char **argv);
/// The same without any window system, for commands that draw into files: needs no display and no variable, and shows
/// no option to Qt.
std::unique_ptr<QApplication> start_qt_unseen(char **argv);

} // namespace patchbay
