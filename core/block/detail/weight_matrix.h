// A matrix of weights and the way in which the engine multiplies with it.
#pragma once

#include "block/detail/split_matrix.h"

#include <ATen/ATen.h>

#include <memory>
#include <mutex>
#include <optional>

namespace patchbay::detail {

/// Where products with weights are computed: in float32 (gemm.h), or split, in tiles.
struct Arithmetic {
    const TileKernels *tiles = nullptr; ///< null: float32
    int parts = 0;

    /// Of parts_in_matrix_units.
    static Arithmetic of(std::optional<int> parts)
    {
        return parts ? Arithmetic{matrix_unit_tiles(), *parts} : Arithmetic{};
    }
    /// C [m, n] = A [m, k] B [k, n], rows of A lda apart: for B that is used once.
    void multiply(int64_t m, const float *a, int64_t lda, int64_t k, const float *B, int64_t n, float *c) const;
    /// Bytes that a weight takes beside itself.
    int64_t bytes_a_weight() const { return tiles ? 2 * parts : 0; }
};

class WeightMatrix {
public:
    WeightMatrix() = default;
    /// W [K, N], contiguous, float32, or undefined. It is split when it is first multiplied with.
    WeightMatrix(at::Tensor W, const Arithmetic &arithmetic);

    const at::Tensor &tensor() const { return m_W; }
    int64_t columns() const { return m_W.size(1); }
    /// As SplitMatrix::multiply, whichever way. Throws std::bad_alloc, Error. Of float32 a range takes a product.
    void multiply(int64_t m, const float *a, int64_t lda, int64_t first_row, int64_t count,
                  std::span<const ColumnRange> ranges, float *c, int64_t ldc, bool accumulate = false) const;
    /// The same with all of W.
    void multiply(int64_t m, const float *a, int64_t lda, float *c, bool accumulate = false) const;
    /// out [m, K] (+)= g [m, count] · the columns first … first + count − 1 of W, transposed: the gradient of what was
    /// multiplied with them. g's rows are ldg apart.
    void multiply_back(int64_t m, const float *g, int64_t ldg, int64_t first, int64_t count, float *out,
                       bool accumulate = false) const;
    /// Whether many ranges take one product.
    bool gathers() const { return m_split != nullptr; }

private:
    struct Split {
        Arithmetic arithmetic;
        std::once_flag made;
        std::optional<SplitMatrix> matrix;
    };
    at::Tensor m_W;
    std::shared_ptr<Split> m_split; ///< null: float32
};

} // namespace patchbay::detail
