#include "block/detail/tiles.h"

#include <algorithm>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace patchbay::detail {

namespace {

// To the nearest, ties to even.
uint16_t rounded(float value)
{
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    bits += 0x7fff + ((bits >> 16) & 1);
    return uint16_t(bits >> 16);
}

float widened(uint16_t value)
{
    return __builtin_bit_cast(float, uint32_t(value) << 16);
}

void split_rows(const float *a, int64_t stride, int rows, int64_t lead, int64_t k, int parts, uint16_t *out)
{
    const int64_t steps = (lead + k + tile_inner - 1) / tile_inner;
    std::fill_n(out, steps * parts * 2 * tile_numbers, uint16_t(0));
    for (int r = 0; r < rows; ++r)
        for (int64_t i = 0; i < k; ++i) {
            const int64_t step = (lead + i) / tile_inner, at = (lead + i) % tile_inner;
            float rest = a[r * stride + i];
            for (int p = 0; p < parts; ++p) {
                const uint16_t part = rounded(rest);
                rest -= widened(part);
                out[((step * parts + p) * 2 + r / tile_rows) * tile_numbers + (r % tile_rows) * tile_inner + at] = part;
            }
        }
}

void multiply(const uint16_t *a, int row_tiles, const uint16_t *const *b, int column_tiles, int64_t steps, int parts,
              float *c, int64_t ldc, bool accumulate, const Ahead &)
{
    for (int r = 0; r < row_tiles * tile_rows; ++r)
        for (int column = 0; column < column_tiles * tile_columns; ++column) {
            float sum = accumulate ? c[r * ldc + column] : 0.f;
            for (int64_t step = 0; step < steps; ++step)
                for (int i = 0; i < parts; ++i)
                    for (int j = 0; j < parts - i; ++j)
                        for (int at = 0; at < tile_inner; ++at)
                            sum += widened(a[((step * parts + i) * 2 + r / tile_rows) * tile_numbers
                                             + (r % tile_rows) * tile_inner + at])
                                * widened(
                                       b[column / tile_columns][(step * parts + j) * tile_numbers + at / 2 * tile_inner
                                                                + (column % tile_columns) * 2 + at % 2]);
            c[r * ldc + column] = sum;
        }
}

} // namespace

const TileKernels &plain_tiles()
{
    static constexpr TileKernels table{split_rows, multiply, [] {}, [] {}};
    return table;
}

#if defined(__x86_64__) && defined(__linux__)
const TileKernels &amx_tiles();

namespace {

bool amx_is_there()
{
    unsigned a, b, c, d;
    constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24, avx512_bf16 = 1u << 5;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl")
        || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & amx_bf16) || !(d & amx_tile)
        || !__get_cpuid_count(7, 1, &a, &b, &c, &d) || !(a & avx512_bf16))
        return false;
    // The state of the tiles is large: Linux keeps it for the processes that have asked (arch_prctl,
    // ARCH_REQ_XCOMP_PERM), all their threads included.
    constexpr int request_permission = 0x1023, tile_data = 18;
    return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

} // namespace

const TileKernels *matrix_unit_tiles()
{
    static const TileKernels *const chosen = amx_is_there() ? &amx_tiles() : nullptr;
    return chosen;
}
#else
const TileKernels *matrix_unit_tiles()
{
    return nullptr;
}
#endif

} // namespace patchbay::detail
