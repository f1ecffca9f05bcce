// The options of `patchbay` without a command: those of its window. Read before Qt starts, so that --help needs no
// display.
#pragma once

#include <optional>
#include <string>

namespace patchbay {

struct WindowOptions {
    bool fresh = false; ///< --new: a project of its own, not the last one
    std::string model, file, screenshot, gallery, theme;
    int width = 0, height = 0;                                              ///< 0: as it was left
    bool platform_chosen = false;                                           ///< -platform NAME, one of Qt's own options
    bool unseen() const { return !screenshot.empty() || !gallery.empty(); } ///< nobody looks at the window itself
};

/// Fills in the options, or says with which code the program ends: 0 after --help and --version, 2 for wrong usage.
std::optional<int> read_window_options(int argc, char **argv, WindowOptions &options);

} // namespace patchbay
