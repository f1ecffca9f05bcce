#include "base/data_dir.h"

#include "base/error.h"

#include <cstdlib>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> data_folders()
{
    // Set explicitly, it is the only place: a half-found mixture of two installations would be hard to understand.
    if (const char *folder = std::getenv("PATCHBAY_DATA_DIR"); folder && *folder)
        return {fs::path(folder)};
    std::vector<fs::path> folders;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (!error)
        folders.push_back(program.parent_path().parent_path() / "share" / "patchbay");
    folders.push_back(fs::path(PATCHBAY_RESOURCES_DIR));
    return folders;
}

} // namespace

fs::path data_path(const std::string &relative)
{
    std::string places;
    for (const fs::path &folder : data_folders()) {
        const fs::path candidate = folder / relative;
        std::error_code error;
        if (fs::exists(candidate, error))
            return candidate;
        places += (places.empty() ? "" : " nor in ") + folder.string();
    }
    throw Error(relative,
                "comes with the program but is not in " + places + " (PATCHBAY_DATA_DIR can name its folder)");
}

} // namespace patchbay
