#include "project/detail/file_lock.h"

#include "base/error.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace patchbay::detail {

namespace {

// Whoever held it may have removed it between our open and our lock: then it is no lock any more.
bool still_there(int fd, const std::string &path)
{
    struct stat held {
    }, there{};
    return ::fstat(fd, &held) == 0 && ::stat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino
        && held.st_dev == there.st_dev;
}

constexpr char held = 0; ///< what a lock points at: nullptr means that there is none

} // namespace

// Not the project itself: closing any descriptor of it would end SQLite's own locks in this process.
std::shared_ptr<const void> lock_beside(const std::filesystem::path &file)
{
    const std::string path = file.string() + "-lock";
    for (;;) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            throw Error(file.string(), "nothing can be written beside it: " + std::system_category().message(errno));
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
            ::close(fd);
            return nullptr;
        }
        if (still_there(fd, path))
            return {&held, [fd, path](const void *) {
                        ::unlink(path.c_str());
                        ::close(fd);
                    }};
        ::close(fd);
    }
}

} // namespace patchbay::detail
