// Where the files are that come with the program: the demo model, task files.
#pragma once

#include <filesystem>
#include <string>

namespace patchbay {

/// The path of a file or folder that comes with the program, such as "tasks/ioi.json" or "demo-model". Looked for in
/// the folder that PATCHBAY_DATA_DIR names, if it is set; otherwise in ../share/patchbay beside the program, then in
/// the source tree's resources. Throws Error naming the places where it is not.
std::filesystem::path data_path(const std::string &relative);

} // namespace patchbay
