// Starting again with OpenBLAS told which CPU this is, where it has guessed wrong.
#pragma once

#include "patching/gemm_rate.h"

#include <cstdlib>
#include <unistd.h>

namespace patchbay {

/// OpenBLAS reads OPENBLAS_CORETYPE only while it loads: if it has taken an AVX-512 CPU for an older one, the program replaces itself by one
/// that has the variable set. Call first thing in main. Returns when nothing is to be done, or when the program cannot be started again.
inline void correct_blas_core(char **argv)
{
    if (std::getenv("OPENBLAS_CORETYPE") || !blas_misjudges_cpu())
        return;
    ::setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
    ::execv("/proc/self/exe", argv);
}

} // namespace patchbay
