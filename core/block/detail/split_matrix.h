// A matrix of weights as the matrix units take it: split into bfloat16 parts and laid out in tiles, once.
#pragma once

#include "block/detail/tiles.h"

#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

namespace patchbay::detail {

/// What two tiles of A, and two of B, make beside each other.
constexpr int64_t strip_rows = 2 * tile_rows, strip_columns = 2 * tile_columns;

/// How many steps it takes to get to count.
constexpr int64_t in_steps(int64_t count, int64_t step)
{
    return (count + step - 1) / step;
}

/// Columns of a matrix that lie side by side.
struct ColumnRange {
    int64_t first, count;
};

/// Numbers in bfloat16, on a boundary of a cache line, as tiles are loaded fastest; many of them in large pages, where
/// the system has such. Contents undefined.
class TileMemory {
public:
    TileMemory() = default;
    /// Throws std::bad_alloc.
    explicit TileMemory(int64_t count);
    uint16_t *data() const { return m_numbers.get(); }
    int64_t count() const { return m_count; }

private:
    struct Free {
        std::align_val_t alignment;
        void operator()(uint16_t *numbers) const { operator delete[](numbers, alignment); }
    };
    std::unique_ptr<uint16_t[], Free> m_numbers{nullptr, Free{std::align_val_t{64}}};
    int64_t m_count = 0;
};

class SplitMatrix {
public:
    enum class Layout { Rows, Columns }; ///< what lies side by side in memory
    /// W [K, N], its rows (or columns) `stride` apart. kernels must outlive it. Takes 2 parts bytes a number. Throws
    /// std::bad_alloc.
    SplitMatrix(const float *W, int64_t K, int64_t N, int parts, const TileKernels &kernels, Layout layout,
                int64_t stride);

    /// C [m, all columns of the ranges side by side] (+)= A [m, count] · the rows first_row … first_row + count − 1 of
    /// these columns of W. Rows of A are lda apart, of C ldc. On the configured threads. What a number comes to depends
    /// on nothing but its row of A and its column of W.
    void multiply(int64_t m, const float *a, int64_t lda, int64_t first_row, int64_t count,
                  std::span<const ColumnRange> ranges, float *c, int64_t ldc, bool accumulate) const;

private:
    struct Operands {
        int64_t rows;
        const float *a;
        int64_t lda, first_row, count;
        float *c;
        int64_t ldc;
        bool accumulate;
    };
    class Product;
    /// One or two panels of 16 columns, of which some are wanted, and where they go.
    struct Strip {
        int64_t panel;
        int panels, skipped, columns;
        int64_t out;
    };
    std::vector<Strip> strips(std::span<const ColumnRange> ranges) const;
    const uint16_t *panel(int64_t index, int64_t step) const;

    const TileKernels &m_kernels;
    const int m_parts;
    const int64_t m_steps; ///< along K
    TileMemory m_tiles;    ///< [panels][steps][parts][16][16][2]
};

} // namespace patchbay::detail
