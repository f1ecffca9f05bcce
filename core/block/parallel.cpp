#include "block/detail/parallel.h"

#include <ATen/Parallel.h>

namespace patchbay::detail {

void parallel_rows(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body)
{
    if (count > 0)
        at::parallel_for(0, count, grain, body);
}

} // namespace patchbay::detail
