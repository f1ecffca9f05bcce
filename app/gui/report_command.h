// patchbay recipe and patchbay report: a chain of runs into a folder, and the paper that is drawn from it.
#pragma once

namespace patchbay {

/// As figure_command: a QGuiApplication must exist. Exit codes 0 done, 1 failed (reason on standard error), 2 wrong
/// usage.
int report_command(int argc, char **argv);
/// What patchbay-cli recipe does, and then the report. Also 130: interrupted; the finished steps are in the folder and
/// the report.
int recipe_command(int argc, char **argv);

} // namespace patchbay
