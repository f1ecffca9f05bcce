// Folders that results are written into, one process at a time.
#pragma once

#include <filesystem>
#include <memory>

namespace patchbay {

/// Holds the folder, which must be there, until what is returned goes; the lock goes with the process, however it ends.
/// Throws Error where another process holds it.
std::shared_ptr<const void> lock_folder(const std::filesystem::path &folder);

/// Removes what writes that were cut off have left there (io/atomic_file.h).
void remove_leftovers(const std::filesystem::path &folder);

} // namespace patchbay
