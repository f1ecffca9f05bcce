#include "block/gemm_rate.h"

#include "block/detail/weight_matrix.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace patchbay {

double gemm_rate(int rows, int columns, int inner, std::optional<Precision> precision)
{
    const detail::WeightMatrix weights(
        at::full({inner, columns}, 0.5f),
        precision ? detail::Arithmetic{detail::matrix_unit_tiles(), detail::parts_of(*precision)}
                  : detail::Arithmetic{});
    const std::vector<float> a(size_t(rows) * size_t(inner), 1.25f);
    std::vector<float> c(size_t(rows) * size_t(columns));
    double best = 1e30;
    for (int repeat = 0; repeat < 6; ++repeat) {
        const auto start = std::chrono::steady_clock::now();
        weights.multiply(rows, a.data(), inner, c.data());
        best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    return 2.0 * rows * columns * inner / best;
}

} // namespace patchbay
