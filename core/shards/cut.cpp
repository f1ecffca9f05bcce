// How the cells of a run are dealt out to shards.
#include "shards/shard_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace patchbay {

namespace {

// The cell that stands for the controls is of no grid. They are three passes over all prompts, or a little more: about
// as much as the dearest cells.
PlannedCell cell_of_controls(const std::vector<Chunk> &chunks)
{
    double dearest = 0;
    for (const Chunk &chunk : chunks)
        for (const PlannedCell &cell : chunk)
            dearest = std::max(dearest, cell.flops);
    return {{}, 0, 3 * dearest};
}

double cost_of(const Chunk &chunk)
{
    return std::accumulate(chunk.begin(), chunk.end(), 0.0,
                           [](double sum, const PlannedCell &cell) { return sum + cell.flops; });
}

void add_cell(RunShare &share, const PlannedCell &cell, PromptRange prompts)
{
    if (cell.grid.empty()) {
        share.controls = prompts;
        return;
    }
    const auto same = [&](const SharePart &part) { return part.grid == cell.grid && part.prompts == prompts; };
    auto part = std::find_if(share.parts.begin(), share.parts.end(), same);
    if (part == share.parts.end())
        part = share.parts.insert(share.parts.end(), {cell.grid, {}, prompts});
    part->cells.push_back(cell.cell);
}

/// Whole chunks, the dearest first to whoever has least.
std::vector<Shard> whole_chunks(const std::vector<Chunk> &chunks, int prompts, int shards)
{
    std::vector<const Chunk *> by_cost;
    for (const Chunk &chunk : chunks)
        by_cost.push_back(&chunk);
    std::stable_sort(by_cost.begin(), by_cost.end(),
                     [](const Chunk *a, const Chunk *b) { return cost_of(*a) > cost_of(*b); });
    std::vector<Shard> out(static_cast<size_t>(shards));
    for (const Chunk *chunk : by_cost) {
        Shard &least =
            *std::min_element(out.begin(), out.end(), [](const Shard &a, const Shard &b) { return a.cost < b.cost; });
        least.cost += cost_of(*chunk);
        for (const PlannedCell &cell : *chunk)
            add_cell(least.share, cell, {0, prompts});
    }
    return out;
}

/// Where a cut goes: before this prompt of this cell.
struct Cut {
    size_t cell = 0;
    int prompt = 0;
};

/// All cells one after the other, as long as they are dear.
class Line {
public:
    Line(const std::vector<Chunk> &chunks, int prompts) : m_prompts(prompts)
    {
        for (const Chunk &chunk : chunks) {
            m_chunk_starts.push_back(m_cells.size());
            m_cells.insert(m_cells.end(), chunk.begin(), chunk.end());
        }
        for (const PlannedCell &cell : m_cells)
            m_ends.push_back((m_ends.empty() ? 0 : m_ends.back()) + cell.flops);
    }
    double length() const { return m_ends.empty() ? 0 : m_ends.back(); }

    /// The start of a chunk or of a cell where one is near enough, otherwise between two prompts.
    Cut at(double place, double each) const
    {
        const size_t cell = size_t(std::lower_bound(m_ends.begin(), m_ends.end(), place) - m_ends.begin());
        if (cell >= m_cells.size())
            return {m_cells.size(), 0};
        for (const size_t start : m_chunk_starts)
            if (std::abs(start_of(start) - place) <= near_chunk * each)
                return {start, 0};
        for (const size_t next : {cell, cell + 1})
            if (std::abs(start_of(next) - place) <= near_cell * each)
                return {next, 0};
        const double share = m_cells[cell].flops > 0 ? (place - start_of(cell)) / m_cells[cell].flops : 0;
        const int prompt = std::clamp(int(std::lround(share * m_prompts)), 0, m_prompts);
        return prompt == m_prompts ? Cut{cell + 1, 0} : Cut{cell, prompt};
    }

    Shard between(Cut first, Cut stop) const
    {
        Shard shard;
        for (size_t cell = first.cell; cell < m_cells.size() && cell <= stop.cell; ++cell) {
            const PromptRange prompts{cell == first.cell ? first.prompt : 0,
                                      cell == stop.cell ? stop.prompt : m_prompts};
            if (prompts.stop <= prompts.first)
                continue;
            add_cell(shard.share, m_cells[cell], prompts);
            shard.cost += m_cells[cell].flops * (prompts.stop - prompts.first) / m_prompts;
        }
        return shard;
    }
    size_t cells() const { return m_cells.size(); }

private:
    static constexpr double near_chunk = 0.1, near_cell = 0.25; // of what each shard is to have
    double start_of(size_t cell) const { return cell == 0 ? 0 : m_ends[std::min(cell, m_ends.size()) - 1]; }

    int m_prompts;
    std::vector<PlannedCell> m_cells;
    std::vector<double> m_ends;         ///< [cells]
    std::vector<size_t> m_chunk_starts; ///< [chunks]
};

std::vector<Shard> neighbouring_cells(const std::vector<Chunk> &chunks, int prompts, int shards)
{
    const Line line(chunks, prompts);
    const double each = line.length() / shards;
    std::vector<Shard> out;
    Cut before;
    for (int i = 1; i <= shards; ++i) {
        Cut here = i < shards ? line.at(i * each, each) : Cut{line.cells(), 0};
        if (here.cell < before.cell || (here.cell == before.cell && here.prompt < before.prompt))
            here = before;
        out.push_back(line.between(before, here));
        before = here;
    }
    return out;
}

double dearest(const std::vector<Shard> &shards)
{
    double most = 0;
    for (const Shard &shard : shards)
        most = std::max(most, shard.cost);
    return most;
}

} // namespace

std::vector<Shard> cut(const std::vector<Chunk> &cells, bool controls, int prompts, int shards, bool finer)
{
    constexpr double balanced = 1.15; // the dearest shard beside the mean
    std::vector<Chunk> chunks = cells;
    if (controls)
        chunks.push_back({cell_of_controls(cells)});
    double total = 0;
    for (const Chunk &chunk : chunks)
        total += cost_of(chunk);
    std::vector<Shard> out = whole_chunks(chunks, prompts, shards);
    if (finer && dearest(out) > balanced * total / shards)
        if (std::vector<Shard> parts = neighbouring_cells(chunks, prompts, shards); dearest(parts) < dearest(out))
            out = std::move(parts);
    for (Shard &shard : out) {
        shard.cost = total > 0 ? shard.cost / total : 0;
        for (SharePart &part : shard.share.parts)
            std::sort(part.cells.begin(), part.cells.end());
    }
    return out;
}

} // namespace patchbay
