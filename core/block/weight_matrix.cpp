#include "block/detail/weight_matrix.h"

#include "block/detail/gemm.h"

#include <utility>

namespace patchbay::detail {

void Arithmetic::multiply(int64_t m, const float *a, int64_t lda, int64_t k, const float *B, int64_t n, float *c) const
{
    if (!tiles) {
        gemm(m, n, k, a, lda, B, n, c, n);
        return;
    }
    const ColumnRange all{0, n};
    SplitMatrix(B, k, n, parts, *tiles, SplitMatrix::Layout::Rows, n).multiply(m, a, lda, 0, k, {&all, 1}, c, n, false);
}

WeightMatrix::WeightMatrix(at::Tensor W, const Arithmetic &arithmetic) : m_W(std::move(W))
{
    if (!arithmetic.tiles || !m_W.defined())
        return;
    m_split = std::make_shared<Split>();
    m_split->arithmetic = arithmetic;
}

void WeightMatrix::multiply(int64_t m, const float *a, int64_t lda, int64_t first_row, int64_t count,
                            std::span<const ColumnRange> ranges, float *c, int64_t ldc, bool accumulate) const
{
    if (m_split) {
        std::call_once(m_split->made, [this] {
            m_split->matrix.emplace(m_W.data_ptr<float>(), m_W.size(0), m_W.size(1), m_split->arithmetic.parts,
                                    *m_split->arithmetic.tiles, SplitMatrix::Layout::Rows, m_W.size(1));
        });
        m_split->matrix->multiply(m, a, lda, first_row, count, ranges, c, ldc, accumulate);
        return;
    }
    const int64_t N = m_W.size(1);
    for (const ColumnRange &range : ranges) {
        gemm(m, range.count, count, a, lda, m_W.data_ptr<float>() + first_row * N + range.first, N, c, ldc, accumulate);
        c += range.count;
    }
}

void WeightMatrix::multiply(int64_t m, const float *a, int64_t lda, float *c, bool accumulate) const
{
    const ColumnRange all{0, m_W.size(1)};
    multiply(m, a, lda, 0, m_W.size(0), {&all, 1}, c, all.count, accumulate);
}

void WeightMatrix::multiply_back(int64_t m, const float *g, int64_t ldg, int64_t first, int64_t count, float *out,
                                 bool accumulate) const
{
    const int64_t K = m_W.size(0), N = m_W.size(1);
    const float *W = m_W.data_ptr<float>() + first;
    // Split for this product alone: with enough rows that takes a small part of its time.
    constexpr int64_t rows_that_pay = 64;
    if (!m_split || m < rows_that_pay) {
        gemm_bt(m, K, count, g, ldg, W, N, out, K, accumulate);
        return;
    }
    const Arithmetic &in = m_split->arithmetic;
    const ColumnRange all{0, K};
    SplitMatrix(W, count, K, in.parts, *in.tiles, SplitMatrix::Layout::Columns, N)
        .multiply(m, g, ldg, 0, count, {&all, 1}, out, K, accumulate);
}

} // namespace patchbay::detail
