// What `git clone` leaves in place of a large file when Git LFS is not installed: a few lines of text that point at it.
#pragma once

#include <filesystem>
#include <string_view>

namespace patchbay {

/// Throws Error naming the file when its first bytes are those of such a pointer.
void refuse_git_lfs_pointer(std::string_view start, const std::filesystem::path &path);

} // namespace patchbay
