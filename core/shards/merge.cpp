#include "shards/merge.h"

#include "analysis/edge_conclusion.h"
#include "base/amounts.h"
#include "base/error.h"
#include "base/plain_text.h"
#include "edges/edge_arrays.h"
#include "patching/computed_on.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

namespace patchbay {

namespace {

// To the last bit, also of what is not a number.
bool same_bits(const std::vector<float> &a, const std::vector<float> &b)
{
    const auto bits = [](float x, float y) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), bits);
}

bool same_bits(const Array &a, const Array &b)
{
    return a.shape == b.shape && a.is_float() == b.is_float()
        && (a.is_float() ? same_bits(a.floats(), b.floats()) : a.ints() == b.ints());
}

// Their values are dealt out by prompts; everything else beside the grids every shard has for itself.
bool is_control(const std::string &array)
{
    return array.starts_with("control.");
}

void check_belongs(const ShardPlan &plan, const RunResult &result, const std::string &name)
{
    if (result.model_sha256 != plan.spec.model.sha256)
        throw Error(name,
                    "was computed with another model: its weights' SHA-256 is " + result.model_sha256 + ", the plan's "
                        + plan.spec.model.sha256);
    if (result.spec.task.sha256 != plan.spec.task.sha256)
        throw Error(name,
                    "was computed on other prompts: their SHA-256 is " + result.spec.task.sha256 + ", the plan's "
                        + plan.spec.task.sha256);
    if (result.spec != plan.spec)
        throw Error(name, "is of another spec (" + title(result.spec) + "), the plan's is " + title(plan.spec));
    if (result.version != plan.version)
        throw Error(name,
                    "was computed by version " + result.version + ", the plan is of version " + plan.version
                        + ": versions may round otherwise");
    for (const Grid &grid : result.grids)
        if (grid.prompts != plan.prompts)
            throw Error(name, "has " + counted(grid.prompts, "prompt") + ", the plan " + std::to_string(plan.prompts));
    if (int(result.baseline.clean.size()) != plan.prompts || result.grids.empty())
        throw Error(name, "holds no part of this run");
}

/// Whether two results can be of one run: same grids, and what each of them computes for itself is the same.
void check_alike(const RunResult &first, const RunResult &other, const std::string &first_name, const std::string &name,
                 bool mixed)
{
    bool grids = first.grids.size() == other.grids.size();
    for (size_t g = 0; grids && g < first.grids.size(); ++g)
        grids = first.grids[g].name == other.grids[g].name && first.grids[g].shape == other.grids[g].shape;
    const auto edges = [](const RunResult &result) { return result.arrays.find(edge_index); };
    if (grids && edges(first) != first.arrays.end())
        grids = edges(other) != other.arrays.end() && same_bits(edges(first)->second, edges(other)->second);
    if (!grids)
        throw Error(name, "has other cells than " + first_name);
    if (first.arithmetic != other.arithmetic)
        throw Error(name,
                    "was computed in " + other.arithmetic + ", " + first_name + " in " + first.arithmetic
                        + ": give all shards the same --precision, one that each of the machines has");
    if (mixed)
        return;
    bool alike = same_bits(first.baseline.clean, other.baseline.clean)
        && same_bits(first.baseline.flipped, other.baseline.flipped);
    for (const auto &[array_name, array] : first.arrays)
        if (is_control(array_name))
            continue;
        else if (const auto found = other.arrays.find(array_name); found != other.arrays.end())
            alike = alike && same_bits(array, found->second);
    for (size_t g = 0; g < first.grids.size(); ++g)
        alike = alike && same_bits(first.grids[g].estimate, other.grids[g].estimate);
    if (!alike)
        throw Error(name,
                    "rounds otherwise than " + first_name
                        + ": it was computed by another kind of processor or with another number of threads, and the "
                          "two do not make the bytes of one run (--mixed puts them together all the same)");
}

class Merger {
public:
    Merger(const ShardPlan &plan, const RunResult &first) : m_plan(plan)
    {
        m_out = first;
        m_out.flops = 0;
        std::erase_if(m_out.arrays, [](const auto &one) { return is_control(one.first); });
        for (Grid &grid : m_out.grids) {
            grid.flops = 0;
            grid.state.assign(grid.state.size(), CellState::Missing);
            grid.per_prompt.assign(grid.per_prompt.size(), std::numeric_limits<float>::quiet_NaN());
        }
    }

    void add(const RunResult &result, const Shard &shard)
    {
        m_out.computed_on = computed_on_both(m_out.computed_on, result.computed_on, " and ");
        for (size_t g = 0; g < m_out.grids.size(); ++g) {
            const Grid &from = result.grids[g];
            Grid &to = m_out.grids[g];
            for (int cell = 0; cell < to.cells(); ++cell) {
                if (from.state[size_t(cell)] == CellState::Exact)
                    copy(from, to, cell, {0, m_plan.prompts});
                to.state[size_t(cell)] = std::max(to.state[size_t(cell)], from.state[size_t(cell)]);
            }
            to.flops += from.flops;
            m_out.flops += from.flops;
        }
        for (const auto &[name, array] : result.arrays)
            if (is_control(name) && array.is_float())
                add_control(name, array, shard.share.controls);
            else
                m_out.arrays.try_emplace(name, array);
        for (const SharePart &part : shard.share.parts)
            if (part.prompts != PromptRange{0, m_plan.prompts})
                add_partial(result, part);
    }

    /// The cells of the plan that are not there.
    int64_t missing_cells()
    {
        for (const auto &[key, there] : m_partial)
            if (std::all_of(there.begin(), there.end(), [](bool one) { return one; }))
                m_out.grids[key.first].state[size_t(key.second)] = CellState::Exact;
        std::map<std::string, std::vector<bool>> counted;
        int64_t missing = 0;
        for (const Shard &shard : m_plan.shards)
            for (const SharePart &part : shard.share.parts) {
                const Grid *grid = m_out.grid(part.grid);
                std::vector<bool> &seen = counted[part.grid];
                seen.resize(grid ? grid->state.size() : 0);
                for (const int cell : part.cells) {
                    if (size_t(cell) >= seen.size())
                        throw Error("plan.json",
                                    "names a cell " + std::to_string(cell) + " that " + part.grid + " has not");
                    missing += !seen[size_t(cell)] && grid->state[size_t(cell)] != CellState::Exact;
                    seen[size_t(cell)] = true;
                }
            }
        return missing;
    }

    RunResult &result() { return m_out; }

private:
    static void copy(const Grid &from, Grid &to, int cell, PromptRange prompts)
    {
        const auto at = std::ptrdiff_t(cell) * to.prompts;
        std::copy(from.per_prompt.begin() + at + prompts.first, from.per_prompt.begin() + at + prompts.stop,
                  to.per_prompt.begin() + at + prompts.first);
    }

    // [.., prompts]
    void add_control(const std::string &name, const Array &array, PromptRange prompts)
    {
        Array &to =
            m_out.arrays
                .try_emplace(name,
                             Array{array.shape,
                                   std::vector<float>(array.floats().size(), std::numeric_limits<float>::quiet_NaN())})
                .first->second;
        if (to.shape != array.shape || array.floats().size() % size_t(m_plan.prompts) != 0)
            return;
        for (size_t row = 0; row < array.floats().size(); row += size_t(m_plan.prompts))
            std::copy(array.floats().begin() + std::ptrdiff_t(row) + prompts.first,
                      array.floats().begin() + std::ptrdiff_t(row) + prompts.stop,
                      to.floats().begin() + std::ptrdiff_t(row) + prompts.first);
    }

    void add_partial(const RunResult &result, const SharePart &part)
    {
        for (size_t g = 0; g < m_out.grids.size(); ++g) {
            if (m_out.grids[g].name != part.grid)
                continue;
            const Grid &from = result.grids[g];
            for (const int cell : part.cells) {
                if (cell >= from.cells() || part.prompts.stop > from.prompts)
                    continue; // told as missing
                const auto first = from.cell(cell).begin();
                // A shard that was stopped may not have come to it.
                if (!result.complete
                    && std::any_of(first + part.prompts.first, first + part.prompts.stop,
                                   [](float value) { return std::isnan(value); }))
                    continue;
                copy(from, m_out.grids[g], cell, part.prompts);
                std::vector<bool> &there = m_partial[{g, cell}];
                there.resize(size_t(m_plan.prompts));
                std::fill(there.begin() + part.prompts.first, there.begin() + part.prompts.stop, true);
            }
        }
    }

    const ShardPlan &m_plan;
    RunResult m_out;
    std::map<std::pair<size_t, int>, std::vector<bool>> m_partial; ///< by grid and cell: [prompts] that are there
};

// Cells of which not all prompts are there say nothing yet.
void forget_partial_cells(RunResult &result)
{
    for (Grid &grid : result.grids)
        for (int cell = 0; cell < grid.cells(); ++cell)
            if (grid.state[size_t(cell)] != CellState::Exact)
                std::fill_n(grid.per_prompt.begin() + std::ptrdiff_t(cell) * grid.prompts, grid.prompts,
                            std::numeric_limits<float>::quiet_NaN());
}

} // namespace

Merged merge(const ShardPlan &plan, const std::vector<const RunResult *> &results,
             const std::vector<std::string> &names, const MergeOptions &options)
{
    const auto first = std::find_if(results.begin(), results.end(), [](const RunResult *one) { return one; });
    if (first == results.end())
        throw Error("shards", "none of " + counted(int64_t(plan.shards.size()), "shard") + " has a result yet");
    Merger merger(plan, **first);
    Merged merged;
    for (size_t i = 0; i < plan.shards.size(); ++i) {
        const RunResult *result = results[i];
        if (!result) {
            merged.missing.push_back(int(i) + 1);
            continue;
        }
        check_belongs(plan, *result, names[i]);
        check_alike(**first, *result, names[size_t(first - results.begin())], names[i], options.mixed);
        if (!result->complete)
            merged.unfinished.push_back(int(i) + 1);
        merger.add(*result, plan.shards[i]);
    }
    merged.missing_cells = merger.missing_cells();
    forget_partial_cells(merger.result());
    merged.result = std::move(merger.result());
    RunResult &whole = merged.result;
    whole.complete = merged.missing.empty() && merged.unfinished.empty() && merged.missing_cells == 0;
    if (!whole.complete) // controls of some prompts say nothing of the others
        std::erase_if(whole.arrays, [](const auto &one) { return is_control(one.first); });
    if (plan.graph)
        conclude_edges(whole, *plan.graph);
    return merged;
}

std::string what_is_missing(const Merged &merged, const ShardPlan &plan)
{
    if (merged.complete())
        return {};
    const auto numbers = [](const std::vector<int> &list) {
        std::vector<std::string> texts;
        for (const int one : list)
            texts.push_back(std::to_string(one));
        return listed(texts);
    };
    std::string text;
    const auto add = [&](const std::vector<int> &list, const char *what) {
        if (!list.empty())
            text += (text.empty() ? "" : "; ") + std::to_string(list.size()) + " of "
                + counted(int64_t(plan.shards.size()), "shard") + (list.size() == 1 ? " is " : " are ") + what + ": "
                + numbers(list);
    };
    add(merged.missing, "missing");
    add(merged.unfinished, "unfinished");
    return text + (text.empty() ? "" : " ") + "(" + std::to_string(merged.missing_cells) + " of "
        + counted(plan.cells, "cell") + ")";
}

} // namespace patchbay
