#include "block/detail/split_matrix.h"

#include "block/detail/parallel.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstring>
#include <vector>

namespace patchbay::detail {

TileMemory::TileMemory(int64_t count) : m_count(count)
{
    constexpr size_t line = 64, large_page = size_t(2) << 20;
    const size_t bytes = size_t(count) * sizeof(uint16_t);
    const std::align_val_t alignment{bytes >= large_page ? large_page : line};
    m_numbers = std::unique_ptr<uint16_t[], Free>(new (alignment) uint16_t[size_t(count)], Free{alignment});
#if defined(__linux__)
    if (bytes >= large_page) // as a product goes through a matrix, every few tiles lie on another small page
        madvise(m_numbers.get(), bytes / large_page * large_page, MADV_HUGEPAGE);
#endif
}

SplitMatrix::SplitMatrix(const float *W, int64_t K, int64_t N, int parts, const TileKernels &kernels, Layout layout,
                         int64_t stride)
    : m_kernels(kernels), m_parts(parts), m_steps(in_steps(K, tile_inner)),
      m_tiles(in_steps(N, tile_columns) * m_steps * m_parts * tile_numbers)
{
    const int64_t panels = in_steps(N, tile_columns);
    // A panel's columns are split as if they were rows, and pairs of their numbers put side by side.
    parallel_rows(panels, 1, [&](int64_t begin, int64_t end) {
        std::vector<float> columns(layout == Layout::Rows ? size_t(tile_columns * K) : 0);
        std::vector<uint16_t> split(size_t(m_steps * m_parts * 2 * tile_numbers));
        for (int64_t p = begin; p < end; ++p) {
            const int64_t first = p * tile_columns, count = std::min<int64_t>(tile_columns, N - first);
            if (layout == Layout::Rows) {
                for (int64_t k = 0; k < K; ++k)
                    for (int64_t c = 0; c < count; ++c)
                        columns[size_t(c * K + k)] = W[k * stride + first + c];
                m_kernels.split_rows(columns.data(), K, int(count), 0, K, m_parts, split.data());
            } else {
                m_kernels.split_rows(W + first * stride, stride, int(count), 0, K, m_parts, split.data());
            }
            for (int64_t tile = 0; tile < m_steps * m_parts; ++tile) {
                const uint16_t *from = split.data() + tile * 2 * tile_numbers;
                uint16_t *to = m_tiles.data() + (p * m_steps * m_parts + tile) * tile_numbers;
                for (int64_t c = 0; c < tile_columns; ++c)
                    for (int64_t pair = 0; pair < tile_inner / 2; ++pair)
                        std::memcpy(to + (pair * tile_columns + c) * 2, from + c * tile_inner + 2 * pair,
                                    2 * sizeof(uint16_t));
            }
        }
    });
}

const uint16_t *SplitMatrix::panel(int64_t index, int64_t step) const
{
    return m_tiles.data() + (index * m_steps + step) * m_parts * tile_numbers;
}

std::vector<SplitMatrix::Strip> SplitMatrix::strips(std::span<const ColumnRange> ranges) const
{
    std::vector<Strip> all;
    int64_t out = 0;
    for (const ColumnRange &range : ranges)
        for (int64_t at = range.first, end = range.first + range.count; at < end;) {
            const int64_t first = at / tile_columns * tile_columns, until = std::min(end, first + strip_columns);
            const int panels = until > first + tile_columns ? 2 : 1;
            all.push_back({first / tile_columns, panels, int(at - first), int(until - at), out});
            out += until - at;
            at = until;
        }
    return all;
}

} // namespace patchbay::detail
