#include "io/git_lfs.h"

#include "base/error.h"

namespace patchbay {

void refuse_git_lfs_pointer(std::string_view start, const std::filesystem::path &path)
{
    if (start.starts_with("version https://git-lfs.github.com/spec/"))
        throw Error(path.string(), "is a Git LFS pointer, not the file: run git lfs pull in its folder");
}

} // namespace patchbay
