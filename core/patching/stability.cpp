#include "patching/stability.h"

#include "patching/detail/draws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace patchbay {

namespace {

/// Cells' strengths as weighted sums over prompts.
class Strengths {
public:
    Strengths(const Grid &grid, const Baseline &baseline) : m_prompts(grid.prompts)
    {
        const std::vector<float> &base = base_values(grid, baseline);
        for (int cell = 0; cell < grid.cells(); ++cell)
            if (grid.state[size_t(cell)] == CellState::Exact
                && std::all_of(grid.cell(cell).begin(), grid.cell(cell).end(),
                               [](float v) { return std::isfinite(v); }))
                m_cells.push_back(cell);
        m_change.resize(m_cells.size() * size_t(m_prompts)); // by prompt, so that a sum over prompts runs along cells
        for (size_t i = 0; i < m_cells.size(); ++i)
            for (int p = 0; p < m_prompts; ++p)
                m_change[size_t(p) * m_cells.size() + i] = grid.cell(m_cells[i])[size_t(p)] - base[size_t(p)];
    }

    const std::vector<int> &cells() const { return m_cells; }
    /// How often each prompt counts → |sum| of each cell.
    const std::vector<float> &of(const std::vector<int> &counts)
    {
        m_sum.assign(m_cells.size(), 0);
        for (int p = 0; p < m_prompts; ++p) {
            if (counts[size_t(p)] == 0)
                continue;
            const float weight = float(counts[size_t(p)]);
            const float *row = m_change.data() + size_t(p) * m_cells.size();
            for (size_t i = 0; i < m_cells.size(); ++i)
                m_sum[i] += weight * row[i];
        }
        for (float &sum : m_sum)
            sum = std::abs(sum);
        return m_sum;
    }

private:
    const int m_prompts;
    std::vector<int> m_cells;
    std::vector<float> m_change, m_sum;
};

/// Positions of the cells, the strongest first; equal ones in their order.
void order_by(const std::vector<float> &strengths, std::vector<int> &order)
{
    order.resize(strengths.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        const float x = strengths[size_t(a)], y = strengths[size_t(b)];
        return x > y || (x == y && a < b);
    });
}

// Of some prompts, drawn without replacement, half.
double agreement_of_halves(Strengths &strengths, int prompts, int top, int splits, detail::Draws &draws)
{
    std::vector<int> all(static_cast<size_t>(prompts)), one, other;
    std::iota(all.begin(), all.end(), 0);
    double agreed = 0;
    for (int split = 0; split < splits; ++split) {
        for (int i = prompts - 1; i > 0; --i)
            std::swap(all[size_t(i)], all[size_t(draws.below(i + 1))]);
        std::vector<bool> in_one(strengths.cells().size());
        for (const bool first : {true, false}) {
            std::vector<int> counts(static_cast<size_t>(prompts), 0);
            for (int i = 0; i < prompts; ++i)
                counts[size_t(all[size_t(i)])] = (i < prompts / 2) == first;
            order_by(strengths.of(counts), first ? one : other);
        }
        for (int i = 0; i < top; ++i)
            in_one[size_t(one[size_t(i)])] = true;
        for (int i = 0; i < top; ++i)
            agreed += in_one[size_t(other[size_t(i)])];
    }
    return agreed / (double(splits) * top);
}

} // namespace

bool can_be_ranked(const Grid &grid, int top)
{
    return grid.prompts > 1 && std::count(grid.state.begin(), grid.state.end(), CellState::Exact) > top;
}

Stability stability(const Grid &grid, const Baseline &baseline, int top, int samples)
{
    constexpr double outside = 0.025;
    Strengths strengths(grid, baseline);
    const int cells = int(strengths.cells().size());
    Stability out;
    out.top = std::min(std::max(top, 0), cells);
    out.samples = samples;
    out.among_top.assign(size_t(grid.cells()), std::numeric_limits<double>::quiet_NaN());
    out.best_rank.assign(size_t(grid.cells()), 0);
    out.worst_rank.assign(size_t(grid.cells()), 0);
    out.split_half = std::numeric_limits<double>::quiet_NaN();
    if (cells == 0 || grid.prompts == 0 || samples < 1)
        return out;
    detail::Draws draws(0x57ab1e);
    std::vector<int> order, counts;
    std::vector<std::vector<int>> seen(static_cast<size_t>(cells), std::vector<int>(static_cast<size_t>(cells), 0));
    for (int sample = 0; sample < samples; ++sample) {
        counts.assign(size_t(grid.prompts), 0);
        for (int i = 0; i < grid.prompts; ++i)
            ++counts[size_t(draws.below(grid.prompts))];
        order_by(strengths.of(counts), order);
        for (int rank = 0; rank < cells; ++rank)
            ++seen[size_t(order[size_t(rank)])][size_t(rank)];
    }
    for (int i = 0; i < cells; ++i) {
        const std::vector<int> &ranks = seen[size_t(i)];
        const size_t cell = size_t(strengths.cells()[size_t(i)]);
        out.among_top[cell] = double(std::accumulate(ranks.begin(), ranks.begin() + out.top, 0)) / samples;
        int before = 0, rank = 0;
        while (before + ranks[size_t(rank)] <= outside * samples)
            before += ranks[size_t(rank++)];
        out.best_rank[cell] = rank + 1;
        int behind = 0;
        rank = cells - 1;
        while (behind + ranks[size_t(rank)] <= outside * samples)
            behind += ranks[size_t(rank--)];
        out.worst_rank[cell] = rank + 1;
    }
    if (grid.prompts > 1 && out.top > 0)
        out.split_half = agreement_of_halves(strengths, grid.prompts, out.top, std::max(1, samples / 10), draws);
    return out;
}

} // namespace patchbay
