#include "base/cores.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace patchbay {

namespace {

#if defined(__linux__)

// Cores of the affinity mask; 0 where it cannot be read.
int allowed_cores()
{
    // Machines with more than 1,024 processors need a larger set than the fixed one.
    for (int processors = CPU_SETSIZE; processors <= 64 * CPU_SETSIZE; processors *= 4) {
        cpu_set_t *const set = CPU_ALLOC(static_cast<size_t>(processors));
        if (!set)
            return 0;
        const size_t bytes = CPU_ALLOC_SIZE(static_cast<size_t>(processors));
        const int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return count;
    }
    return 0;
}

// The smallest processor quota of this process's control group and those around it, in whole cores; 0 where there is
// none.
int quota_in_cores()
{
    std::ifstream groups("/proc/self/cgroup");
    std::filesystem::path group;
    for (std::string line; std::getline(groups, line);)
        if (line.rfind("0::", 0) == 0)
            group = "/sys/fs/cgroup" + line.substr(3);
    int cores = 0;
    for (; group.has_relative_path() && group != "/sys/fs"; group = group.parent_path()) {
        std::ifstream file(group / "cpu.max");
        long long quota = 0, period = 0; // "max 100000" has no number first
        if (file >> quota >> period && quota > 0 && period > 0) {
            const int here = static_cast<int>((quota + period - 1) / period);
            cores = cores == 0 ? here : std::min(cores, here);
        }
    }
    return cores;
}

#else

int allowed_cores()
{
    return 0;
}
int quota_in_cores()
{
    return 0;
}

#endif

} // namespace

int usable_cores()
{
    int cores = allowed_cores();
    if (cores == 0)
        cores = static_cast<int>(std::thread::hardware_concurrency());
    if (const int quota = quota_in_cores(); quota > 0)
        cores = std::min(cores, quota);
    return std::max(1, cores);
}

} // namespace patchbay
