#include "base/config_dir.h"

#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace patchbay {

namespace fs = std::filesystem;

fs::path home_folder()
{
    if (const char *set = std::getenv("HOME"); set && *set)
        return set;
    const passwd *user = getpwuid(getuid());
    return user ? user->pw_dir : "/";
}

fs::path config_folder()
{
    const char *set = std::getenv("XDG_CONFIG_HOME");
    // The standard says that a relative one counts as none.
    return (set && *set == '/' ? fs::path(set) : home_folder() / ".config") / "patchbay";
}

} // namespace patchbay
