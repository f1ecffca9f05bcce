// Products of tiles of numbers that are split into sums of bfloat16: x = x0 + x1 (+ x2), each the rounded rest of those
// before it. x y is then the sum of the x_i y_j with i + j < parts, of which every product is exact and every sum is
// rounded to float32.
//
// What a number of the product comes to depends on its row of A and its column of B alone, not on how many rows or
// columns there are beside them: the steps along k are always taken one by one, from the first.
#pragma once

#include "nouns/precision.h"

#include <cstdint>

namespace patchbay::detail {

constexpr int tile_rows = 16;    ///< of A and of C
constexpr int tile_columns = 16; ///< of B and of C
constexpr int tile_inner = 32;   ///< numbers along k in one step
constexpr int tile_numbers = 512;

/// What the products after this one will read: so many cache lines from each of these places, which a product brings
/// near while it computes.
struct Ahead {
    const uint16_t *from[2] = {nullptr, nullptr};
    int64_t lines = 0;
};
constexpr int64_t numbers_of_line = 32;

struct TileKernels {
    /// out [steps][parts][2][tile_rows][tile_inner] = a [rows ≤ 32, k], its rows `stride` apart, split. The k numbers
    /// begin at number `lead` < 32 of the first step; zeros before and after them, and in the rows that are not there.
    void (*split_rows)(const float *a, int64_t stride, int rows, int64_t lead, int64_t k, int parts, uint16_t *out);
    /// c [16 row_tiles, 16 column_tiles], rows ldc apart, (+)= A B. a: of split_rows, from the first step on; b, of
    /// each of the column tiles: [steps][parts][tile_inner / 2][tile_columns][2].
    void (*multiply)(const uint16_t *a, int row_tiles, const uint16_t *const *b, int column_tiles, int64_t steps,
                     int parts, float *c, int64_t ldc, bool accumulate, const Ahead &ahead);
    /// Around all products of a thread.
    void (*begin)();
    void (*end)();
};

/// In plain loops, on any processor: to hold the others against.
const TileKernels &plain_tiles();
/// In the processor's matrix units; null where it has none, or the system keeps them. Asked once.
const TileKernels *matrix_unit_tiles();

/// Parts that a number is split into.
constexpr int parts_of(Precision precision)
{
    return precision == Precision::Strict ? 3 : precision == Precision::Split ? 2 : 1;
}

} // namespace patchbay::detail
