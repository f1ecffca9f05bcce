#include "io/folder_lock.h"

#include "base/error.h"
#include "io/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace patchbay {

namespace fs = std::filesystem;

std::shared_ptr<const void> lock_folder(const fs::path &folder)
{
    const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        throw Error(folder.string(), "cannot be opened");
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        ::close(fd);
        throw Error(folder.string(), "is being written into by another recipe that is running, or a series");
    }
    return {nullptr, [fd](const void *) { ::close(fd); }};
}

void remove_leftovers(const fs::path &folder)
{
    std::error_code ignored;
    std::vector<fs::path> left;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder, ignored))
        if (is_cut_off(entry.path()))
            left.push_back(entry.path());
    for (const fs::path &file : left)
        fs::remove(file, ignored);
}

} // namespace patchbay
