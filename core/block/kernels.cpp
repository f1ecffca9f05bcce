#include "block/detail/kernels.h"

namespace patchbay::detail {

const Kernels &table_base();
#if defined(__x86_64__)
const Kernels &table_avx2();
const Kernels &table_avx512();
#endif

const Kernels &kernels()
{
#if defined(__x86_64__)
    static const Kernels &chosen =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        ? table_avx512()
        : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? table_avx2()
                                                                          : table_base();
#else
    static const Kernels &chosen = table_base();
#endif
    return chosen;
}

} // namespace patchbay::detail
