#define PATCHBAY_KERNELS kernels_base
#include "block/detail/kernels_impl.h"

namespace patchbay::detail {

const Kernels &table_base()
{
    return kernels_base::table;
}

} // namespace patchbay::detail
