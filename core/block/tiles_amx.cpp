// The products of tiles in AMX. Compiled for it, called where it is there (tiles.cpp); no library templates here (an
// instantiation with these instructions could be linked in for everybody).
#include "block/detail/tiles.h"

#include <immintrin.h>

namespace patchbay::detail {

namespace {

constexpr int64_t tile_row_bytes = 64;

// The compiler does not know that tiles are loaded from memory.
inline void settle_memory()
{
    asm volatile("" ::: "memory");
}

// Tiles 0 to 3 hold C, 4 and 5 rows of A, 6 and 7 columns of B.
void begin()
{
    alignas(64) unsigned char config[64] = {1}; // palette
    for (int tile = 0; tile < 8; ++tile) {
        config[16 + 2 * tile] = tile_row_bytes;
        config[48 + tile] = tile_rows;
    }
    settle_memory();
    _tile_loadconfig(config);
}

void end()
{
    _tile_release();
}

inline void split(__m512 rest, int parts, uint16_t *out, int64_t part_stride)
{
    for (int p = 0; p < parts; ++p) {
        const __m256i part = (__m256i)_mm512_cvtneps_pbh(rest);
        _mm256_storeu_si256(reinterpret_cast<__m256i_u *>(out + p * part_stride), part);
        rest = _mm512_sub_ps(rest, _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(part), 16)));
    }
}

void split_rows(const float *a, int64_t stride, int rows, int64_t lead, int64_t k, int parts, uint16_t *out)
{
    const int64_t steps = (lead + k + tile_inner - 1) / tile_inner;
    const int row_end = rows > tile_rows ? 2 * tile_rows : tile_rows;
    for (int r = 0; r < row_end; ++r)
        for (int64_t half = 0; half < 2 * steps; ++half) {
            const int64_t first = half * 16 - lead; // of the 16 numbers, in the row
            __m512 numbers = _mm512_setzero_ps();
            if (r < rows && first >= 0 && first + 16 <= k) {
                numbers = _mm512_loadu_ps(a + r * stride + first);
            } else if (r < rows) {
                float some[16] = {};
                for (int64_t i = first < 0 ? -first : 0; i < 16 && first + i < k; ++i)
                    some[i] = a[r * stride + first + i];
                numbers = _mm512_loadu_ps(some);
            }
            split(numbers, parts,
                  out + half / 2 * parts * 2 * tile_numbers + r / tile_rows * tile_numbers + r % tile_rows * tile_inner
                      + half % 2 * 16,
                  2 * tile_numbers);
        }
}

template <int Parts, int Rows, int Columns>
inline void multiply_tiles(const uint16_t *a, const uint16_t *b0, const uint16_t *b1, int64_t steps, float *c,
                           int64_t ldc, bool accumulate, const Ahead &ahead)
{
    const int64_t row_bytes = ldc * int64_t(sizeof(float));
    settle_memory();
    if (accumulate) {
        _tile_loadd(0, c, row_bytes);
        if constexpr (Columns == 2)
            _tile_loadd(1, c + tile_columns, row_bytes);
        if constexpr (Rows == 2)
            _tile_loadd(2, c + tile_rows * ldc, row_bytes);
        if constexpr (Rows == 2 && Columns == 2)
            _tile_loadd(3, c + tile_rows * ldc + tile_columns, row_bytes);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
    int64_t fetched = 0;
    for (int64_t step = 0; step < steps; ++step) {
        for (const int64_t until = ahead.lines * (step + 1) / steps; fetched < until; ++fetched) {
            _mm_prefetch(reinterpret_cast<const char *>(ahead.from[0] + fetched * numbers_of_line), _MM_HINT_T1);
            _mm_prefetch(reinterpret_cast<const char *>(ahead.from[1] + fetched * numbers_of_line), _MM_HINT_T1);
        }
        for (int i = 0; i < Parts; ++i) {
            const uint16_t *rows = a + i * 2 * tile_numbers;
            _tile_loadd(4, rows, tile_row_bytes);
            if constexpr (Rows == 2)
                _tile_loadd(5, rows + tile_numbers, tile_row_bytes);
            for (int j = 0; j < Parts - i; ++j) {
                _tile_loadd(6, b0 + j * tile_numbers, tile_row_bytes);
                if constexpr (Columns == 2)
                    _tile_loadd(7, b1 + j * tile_numbers, tile_row_bytes);
                _tile_dpbf16ps(0, 4, 6);
                if constexpr (Columns == 2)
                    _tile_dpbf16ps(1, 4, 7);
                if constexpr (Rows == 2)
                    _tile_dpbf16ps(2, 5, 6);
                if constexpr (Rows == 2 && Columns == 2)
                    _tile_dpbf16ps(3, 5, 7);
            }
        }
        a += Parts * 2 * tile_numbers;
        b0 += Parts * tile_numbers;
        b1 += Parts * tile_numbers;
    }
    _tile_stored(0, c, row_bytes);
    if constexpr (Columns == 2)
        _tile_stored(1, c + tile_columns, row_bytes);
    if constexpr (Rows == 2)
        _tile_stored(2, c + tile_rows * ldc, row_bytes);
    if constexpr (Rows == 2 && Columns == 2)
        _tile_stored(3, c + tile_rows * ldc + tile_columns, row_bytes);
    settle_memory();
}

template <int Parts>
void multiply_parts(const uint16_t *a, int row_tiles, const uint16_t *const *b, int column_tiles, int64_t steps,
                    float *c, int64_t ldc, bool accumulate, const Ahead &ahead)
{
    if (row_tiles == 2 && column_tiles == 2)
        multiply_tiles<Parts, 2, 2>(a, b[0], b[1], steps, c, ldc, accumulate, ahead);
    else if (row_tiles == 2)
        multiply_tiles<Parts, 2, 1>(a, b[0], b[0], steps, c, ldc, accumulate, ahead);
    else if (column_tiles == 2)
        multiply_tiles<Parts, 1, 2>(a, b[0], b[1], steps, c, ldc, accumulate, ahead);
    else
        multiply_tiles<Parts, 1, 1>(a, b[0], b[0], steps, c, ldc, accumulate, ahead);
}

void multiply(const uint16_t *a, int row_tiles, const uint16_t *const *b, int column_tiles, int64_t steps, int parts,
              float *c, int64_t ldc, bool accumulate, const Ahead &ahead)
{
    if (parts == 1)
        multiply_parts<1>(a, row_tiles, b, column_tiles, steps, c, ldc, accumulate, ahead);
    else if (parts == 2)
        multiply_parts<2>(a, row_tiles, b, column_tiles, steps, c, ldc, accumulate, ahead);
    else
        multiply_parts<3>(a, row_tiles, b, column_tiles, steps, c, ldc, accumulate, ahead);
}

} // namespace

const TileKernels &amx_tiles();
const TileKernels &amx_tiles()
{
    static constexpr TileKernels table{split_rows, multiply, begin, end};
    return table;
}

} // namespace patchbay::detail
