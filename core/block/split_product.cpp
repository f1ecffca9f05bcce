// How a product with a split matrix goes through the caches. A is split a piece at a time, a piece that a core keeps
// near while all columns of W pass by; W itself passes once for each piece.
#include "block/detail/gemm.h"
#include "block/detail/parallel.h"
#include "block/detail/split_matrix.h"

#include <omp.h>

#include <algorithm>

namespace patchbay::detail {

namespace {

// Half of a second-level cache of 2 MB.
constexpr int64_t numbers_of_piece = 200'000, rows_of_piece = 256, steps_of_piece = 32;
// Below this many operations a second thread costs more than it brings.
constexpr double small_product = 2e6;

// For split rows; the thread's own.
uint16_t *room_for(int64_t numbers)
{
    thread_local TileMemory memory;
    if (memory.count() < numbers)
        memory = TileMemory(numbers);
    return memory.data();
}

} // namespace

// One product: what SplitMatrix::multiply was given, and how it is cut up.
class SplitMatrix::Product {
public:
    Product(const SplitMatrix &W, const Operands &of, std::vector<Strip> strips)
        : m_W(W), m(of), m_strips(std::move(strips)), m_first_step(of.first_row / tile_inner),
          m_lead(of.first_row % tile_inner), m_steps(in_steps(m_lead + of.count, tile_inner)),
          m_pieces_along(in_steps(m_steps, steps_of_piece)), m_steps_near(in_steps(m_steps, m_pieces_along)),
          m_rows_near(rows_near(of.rows, m_steps_near))
    {
    }

    void compute() const
    {
        const int64_t columns = m_strips.back().out + m_strips.back().columns;
        const bool small = 2.0 * double(m.rows) * double(columns) * double(m.count) < small_product;
        const int threads = small || omp_in_parallel() ? 1 : gemm_threads();
        const int64_t groups = in_steps(m.rows, m_rows_near), wanted = threads == 1 ? 1 : 2 * threads;
        const int64_t shares = std::clamp(in_steps(wanted, groups), int64_t(1), int64_t(m_strips.size()));
        share_out(groups * shares, threads, [&](const std::function<int64_t()> &next) {
            uint16_t *split = room_for(m_rows_near / strip_rows * block(m_steps_near));
            int64_t there = -1; // what is split, where it is all of a group's rows
            m_W.m_kernels.begin();
            for (int64_t i = next(); i >= 0; i = next()) {
                const int64_t group = i / shares, share = i % shares;
                for (int64_t piece = 0; piece < m_pieces_along; ++piece) {
                    if (there != group || m_pieces_along > 1)
                        split_piece(group, piece, split);
                    there = group;
                    multiply(group, piece, split, share * int64_t(m_strips.size()) / shares,
                             (share + 1) * int64_t(m_strips.size()) / shares);
                }
            }
            m_W.m_kernels.end();
        });
    }

private:
    /// Rows of a group: as many as stay near, all groups about the same.
    static int64_t rows_near(int64_t rows, int64_t steps)
    {
        const int64_t most = std::clamp(numbers_of_piece / (steps * tile_inner), strip_rows, rows_of_piece);
        return in_steps(in_steps(rows, in_steps(rows, most)), strip_rows) * strip_rows;
    }
    /// Of a group of rows, those at hand.
    int64_t rows_of(int64_t group) const { return std::min(m_rows_near, m.rows - group * m_rows_near); }
    /// Steps [first, first + count) of a piece.
    int64_t first_of(int64_t piece) const { return piece * m_steps_near; }
    int64_t steps_of(int64_t piece) const { return std::min(m_steps_near, m_steps - first_of(piece)); }
    /// Numbers of 32 split rows.
    int64_t block(int64_t steps) const { return steps * m_W.m_parts * 2 * tile_numbers; }

    void split_piece(int64_t group, int64_t piece, uint16_t *split) const
    {
        const int64_t steps = steps_of(piece), rows = rows_of(group), lead = piece == 0 ? m_lead : 0,
                      first = first_of(piece) * tile_inner - (m_lead - lead),
                      count = std::min(steps * tile_inner - lead, m.count - first);
        const float *a = m.a + group * m_rows_near * m.lda + first;
        for (int64_t r = 0; r < rows; r += strip_rows)
            m_W.m_kernels.split_rows(a + r * m.lda, m.lda, int(std::min(strip_rows, rows - r)), lead, count,
                                     m_W.m_parts, split + r / strip_rows * block(steps));
    }

    void multiply(int64_t group, int64_t piece, const uint16_t *split, int64_t first_strip, int64_t end_strip) const
    {
        alignas(64) float corner[strip_rows * strip_columns] = {};
        const int64_t steps = steps_of(piece), rows = rows_of(group);
        const bool accumulate = m.accumulate || piece > 0;
        for (int64_t s = first_strip; s < end_strip; ++s) {
            const Strip &strip = m_strips[size_t(s)];
            const int64_t first_step = m_first_step + first_of(piece);
            const uint16_t *const panels[2] = {m_W.panel(strip.panel, first_step),
                                               m_W.panel(strip.panel + strip.panels - 1, first_step)};
            // Each of the rows brings its share of the next strip near.
            const Strip &next = m_strips[size_t(std::min(s + 1, end_strip - 1))];
            const int64_t lines = steps * m_W.m_parts * tile_numbers / numbers_of_line / in_steps(rows, strip_rows);
            for (int64_t r = 0; r < rows; r += strip_rows) {
                const int64_t done = r / strip_rows * lines * numbers_of_line;
                const Ahead ahead{{m_W.panel(next.panel, first_step) + done,
                                   m_W.panel(next.panel + next.panels - 1, first_step) + done},
                                  s + 1 < end_strip ? lines : 0};
                const int64_t here = std::min(strip_rows, rows - r);
                const int tiles = here > tile_rows ? 2 : 1;
                const uint16_t *a = split + r / strip_rows * block(steps);
                float *c = m.c + (group * m_rows_near + r) * m.ldc + strip.out;
                if (here == tiles * tile_rows && strip.skipped == 0 && strip.columns == strip.panels * tile_columns) {
                    m_W.m_kernels.multiply(a, tiles, panels, strip.panels, steps, m_W.m_parts, c, m.ldc, accumulate,
                                           ahead);
                    continue;
                }
                for (int64_t i = 0; i < here && accumulate; ++i)
                    std::copy_n(c + i * m.ldc, strip.columns, corner + i * strip_columns + strip.skipped);
                m_W.m_kernels.multiply(a, tiles, panels, strip.panels, steps, m_W.m_parts, corner, strip_columns,
                                       accumulate, ahead);
                for (int64_t i = 0; i < here; ++i)
                    std::copy_n(corner + i * strip_columns + strip.skipped, strip.columns, c + i * m.ldc);
            }
        }
    }

    const SplitMatrix &m_W;
    const Operands m;
    const std::vector<Strip> m_strips;
    const int64_t m_first_step, m_lead, m_steps; ///< of W's rows that are multiplied with
    const int64_t m_pieces_along, m_steps_near;  ///< a row of A is split in so many pieces, of so many steps
    const int64_t m_rows_near;
};

void SplitMatrix::multiply(int64_t m, const float *a, int64_t lda, int64_t first_row, int64_t count,
                           std::span<const ColumnRange> ranges, float *c, int64_t ldc, bool accumulate) const
{
    std::vector<Strip> all = strips(ranges);
    if (m == 0 || all.empty())
        return;
    if (count == 0) { // the sum of nothing, as in a model without MLPs
        for (int64_t row = 0; row < m && !accumulate; ++row)
            std::fill_n(c + row * ldc, all.back().out + all.back().columns, 0.f);
        return;
    }
    Product(*this, {m, a, lda, first_row, count, c, ldc, accumulate}, std::move(all)).compute();
}

} // namespace patchbay::detail
