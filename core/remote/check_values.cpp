#include "remote/detail/check_values.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace patchbay::remote {

namespace {

constexpr float missing = std::numeric_limits<float>::quiet_NaN();

bool is_missing(float value)
{
    return std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(missing);
}

/// Nothing where it is too large to count.
std::optional<uint64_t> product(const std::vector<int> &shape)
{
    uint64_t cells = 1;
    for (const int size : shape) {
        if (size < 0 || uint64_t(size) > (uint64_t(1) << 32) / std::max<uint64_t>(cells, 1))
            return std::nullopt;
        cells *= uint64_t(size);
    }
    return cells;
}

template <class T>
bool all_within(const std::vector<T> &values, int64_t low, int64_t end)
{
    return std::all_of(values.begin(), values.end(), [&](T value) { return value >= low && value < end; });
}

} // namespace

KnownCells known_cells(const Grid &grid)
{
    KnownCells known;
    for (int cell = 0; cell < grid.cells(); ++cell) {
        const std::span<const float> values = grid.cell(cell);
        if (std::all_of(values.begin(), values.end(), is_missing))
            continue;
        known.cells.push_back(cell);
        known.per_prompt.insert(known.per_prompt.end(), values.begin(), values.end());
    }
    return known;
}

std::string restore_cells(Grid &grid, const KnownCells &known, uint64_t &room)
{
    const std::optional<uint64_t> cells = product(grid.shape);
    if (!cells || *cells != grid.state.size() || grid.axes.size() != grid.shape.size())
        return "has other cells than its shape says";
    if (!grid.estimate.empty() && grid.estimate.size() != grid.state.size())
        return "has other estimates than cells";
    const uint64_t prompts = uint64_t(std::max(grid.prompts, 0));
    if (grid.prompts < 0 || *cells > room / std::max<uint64_t>(prompts, 1))
        return "has more cells and prompts than are let in";
    room -= *cells * prompts;
    if (known.per_prompt.size() != known.cells.size() * prompts)
        return "has other values than its cells and prompts say";
    if (!all_within(known.cells, 0, int64_t(*cells)))
        return "has values of cells that it does not have";
    grid.per_prompt.assign(size_t(*cells * prompts), missing);
    for (size_t i = 0; i < known.cells.size(); ++i)
        std::copy_n(known.per_prompt.begin() + std::ptrdiff_t(i * prompts), prompts,
                    grid.per_prompt.begin() + std::ptrdiff_t(uint64_t(known.cells[i]) * prompts));
    return {};
}

std::string why_unsound(const RunResult &result)
{
    const Baseline &baseline = result.baseline;
    const size_t prompts = baseline.clean.size();
    const auto fits = [prompts](size_t size) { return size == 0 || size == prompts; };
    if (baseline.flipped.size() != prompts || !fits(baseline.clean_rank0.size())
        || !fits(baseline.flipped_rank0.size()))
        return "has a baseline of other prompts in the flipped run than in the clean one";
    for (const Grid &grid : result.grids)
        if (size_t(grid.prompts) != prompts)
            return "has a grid \"" + grid.name + "\" of other prompts than its baseline";
    for (const auto &[name, array] : result.arrays)
        if (const auto &shape = array.shape; std::any_of(shape.begin(), shape.end(), [](int64_t s) { return s < 0; }))
            return "has an array \"" + name + "\" of an absurd shape";
    return {};
}

// Against the result that they are cells of: check_cells (patching/event.h).
std::string why_unsound(const Cells &cells)
{
    if (cells.grid < 0 || !all_within(cells.cells, 0, std::numeric_limits<int64_t>::max()))
        return "names cells below 0";
    if (!cells.estimates.empty() && cells.estimates.size() != cells.cells.size())
        return "has other estimates than cells";
    if (!cells.cells.empty() && cells.per_prompt.size() % cells.cells.size() != 0)
        return "has other values than cells";
    return {};
}

std::string why_unsound(const AttentionPattern &pattern)
{
    if (pattern.sizes.size() != pattern.weights.size())
        return "has patterns of other prompts than sizes";
    for (size_t i = 0; i < pattern.sizes.size(); ++i)
        if (pattern.sizes[i] < 0
            || uint64_t(pattern.sizes[i]) * uint64_t(pattern.sizes[i]) != pattern.weights[i].size())
            return "has a pattern of another size than it says";
    return {};
}

std::string why_unsound(const Stability &stability)
{
    const size_t cells = stability.among_top.size();
    return stability.best_rank.size() == cells && stability.worst_rank.size() == cells ? std::string()
                                                                                       : "has other ranks than cells";
}

std::string why_unsound(const PromptBatch &batch)
{
    const uint64_t prompts = uint64_t(std::max(batch.prompts, 0)), width = uint64_t(std::max(batch.width, 0));
    const auto each = [prompts](const auto &list) { return list.size() == prompts; };
    const auto each_or_none = [&](const auto &list) { return list.empty() || each(list); };
    if (batch.prompts < 0 || batch.width < 0 || batch.clean.size() != prompts * width
        || batch.flipped.size() != prompts * width || !each(batch.end) || !each(batch.io) || !each(batch.s)
        || !each_or_none(batch.answers) || !each_or_none(batch.wrongs) || !each_or_none(batch.tokens)
        || !each_or_none(batch.flipped_tokens))
        return "has other tokens than prompts";
    const auto positions = [&](const std::vector<int> &list) { return all_within(list, 0, int64_t(width)); };
    if (!positions(batch.end) || std::any_of(batch.roles.begin(), batch.roles.end(), [&](const auto &role) {
            return !each(role.second) || !positions(role.second);
        }))
        return "has roles outside of its prompts";
    return {};
}

std::string why_unsound(const Setup &setup)
{
    const size_t pairs = setup.pairs.size();
    if (setup.clean_tokens.size() != pairs || setup.flipped_tokens.size() != pairs
        || !all_within(setup.batch_pairs, 0, int64_t(pairs))
        || (!setup.batch_pairs.empty() && setup.batch_pairs.size() != size_t(setup.batch.prompts)))
        return "has other prompts than pairs";
    const ModelConfig &config = setup.trust.config;
    if (config.n_layers < 0 || config.n_heads < 0 || config.n_kv_heads <= 0
        || (!config.layer_traits.empty() && config.layer_traits.size() != size_t(config.n_layers)))
        return "has a model of an absurd shape";
    return {};
}

std::string why_unsound(const TriedText &text)
{
    return text.tokens.size() == text.ids.size() ? std::string() : "has other tokens than ids";
}

std::string why_unsound(const HeadsOverSteps &heads)
{
    if (heads.layers < 0 || heads.heads < 0)
        return "has no heads";
    const uint64_t cells = uint64_t(heads.layers) * uint64_t(heads.heads);
    const auto fits = [cells](const std::vector<double> &values) { return values.empty() || values.size() == cells; };
    return std::all_of(heads.steps.begin(), heads.steps.end(),
                       [&](const HeadsOverSteps::Step &step) { return fits(step.values) && fits(step.half_width); })
        ? std::string()
        : "has other values than heads";
}

std::string why_unsound(const SeriesMeasures &measures)
{
    const size_t steps = measures.heads.steps.size();
    const Likeness &alike = measures.alike;
    const auto each = [steps](const auto &list) { return list.size() == steps; };
    if (!each(measures.baselines) || !each(measures.roles) || !each(alike.top) || !each(alike.weighted)
        || !each(alike.top_before) || !each(alike.weighted_before)
        || measures.first.size() != size_t(measures.heads.layers) * size_t(measures.heads.heads))
        return "has other numbers than steps and heads";
    return std::all_of(measures.first.begin(), measures.first.end(),
                       [steps](const std::optional<size_t> &first) { return !first || *first < steps; })
        ? std::string()
        : "names a step that it does not have";
}

std::string why_unsound(const IntervalsRequest &request)
{
    return request.result ? std::string() : "asks about no result";
}
std::string why_unsound(const StabilityRequest &request)
{
    return request.result ? std::string() : "asks about no result";
}
std::string why_unsound(const DownloadRequest &request)
{
    return request.plan ? std::string() : "has no plan";
}
std::string why_unsound(const MeasureSeriesRequest &request)
{
    return request.series ? std::string() : "asks about no series";
}

} // namespace patchbay::remote
