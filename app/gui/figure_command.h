// patchbay figure: draws saved results without a display, and reads a figure's RunSpec back.
#pragma once

namespace patchbay {

/// argv[0] is "figure" or the program; a QGuiApplication must exist (offscreen where there is no display).
/// Returns the process' exit code: 0 done, 1 failed (reason on standard error), 2 wrong usage.
int figure_command(int argc, char **argv);

} // namespace patchbay
