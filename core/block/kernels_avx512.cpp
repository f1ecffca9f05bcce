#define PATCHBAY_KERNELS kernels_avx512
#include "block/detail/kernels_impl.h"

namespace patchbay::detail {

const Kernels &table_avx512()
{
    return kernels_avx512::table;
}

} // namespace patchbay::detail
