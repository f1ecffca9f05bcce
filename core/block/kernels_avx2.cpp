#define PATCHBAY_KERNELS kernels_avx2
#include "block/detail/kernels_impl.h"

namespace patchbay::detail {

const Kernels &table_avx2()
{
    return kernels_avx2::table;
}

} // namespace patchbay::detail
