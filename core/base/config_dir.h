// Where a person's own folders are: home, and what the program keeps of their choices.
#pragma once

#include <filesystem>

namespace patchbay {

/// HOME, or the folder that the system knows of the user.
std::filesystem::path home_folder();

/// The folder of the program's settings: patchbay in XDG_CONFIG_HOME or in ~/.config, where the window keeps its own,
/// too. It need not exist.
std::filesystem::path config_folder();

} // namespace patchbay
