#include "io/folder_lock.h"

#include "base/error.h"

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
    for (const fs::directory_entry &entry : fs::directory_iterator(folder, ignored)) {
        const std::string file = entry.path().filename().string();
        for (const char *own : {".safetensors.part-", ".json.part-"})
            if (file.find(own) != std::string::npos)
                left.push_back(entry.path());
    }
    for (const fs::path &file : left)
        fs::remove(file, ignored);
}

} // namespace patchbay
