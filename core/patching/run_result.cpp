#include "patching/run_result.h"

#include "base/amounts.h"
#include "base/mean.h"
#include "base/plain_text.h"
#include "patching/detail/draws.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

} // namespace

const std::vector<float> &base_values(const Grid &grid, const Baseline &baseline)
{
    return grid.direction == Direction::Denoise ? baseline.flipped : baseline.clean;
}

bool Baseline::vanishes(double value) const
{
    // Of float32 logits about 6 digits are good, of their difference fewer.
    constexpr double least_share = 1e-4;
    double size = 0;
    for (const std::vector<float> *run : {&clean, &flipped})
        for (const float value : *run)
            size += std::abs(double(value)) / double(run->size());
    size = std::max(size, std::abs(clean_mean) + std::abs(flipped_mean));
    return !(std::isfinite(value) && std::abs(value) > least_share * size);
}

EffectUnit effect_unit(const Baseline &baseline)
{
    return baseline.shares_make_sense() ? EffectUnit{} : EffectUnit{1, info(baseline.metric).unit, 3, false};
}

std::string effect_text(double normalised_effect, const EffectUnit &unit)
{
    const double value = normalised_effect * unit.factor;
    return (std::signbit(value) ? "" : "+") + fixed_text(value, unit.digits) + " " + unit.symbol;
}

std::string gap_note(const Baseline &baseline)
{
    if (baseline.clean.empty())
        return {};
    const MetricInfo &metric = info(baseline.metric);
    if (!metric.shares)
        return {};
    if (!baseline.shares_make_sense())
        return std::string("The gap between the clean and the flipped runs ")
            + (baseline.vanishes(baseline.gap()) ? "vanishes" : "is small") + " (" + short_text(baseline.gap(), 3)
            + "): effects are given as differences of " + metric.unit + ", not in % of the gap.";
    if (baseline.gap() < 0 && !metric.less_is_better)
        return "The gap between the clean and the flipped runs is below 0 (" + short_text(baseline.gap(), 3)
            + "): the flipped prompts favour the answer more than the clean ones, "
              "perhaps because answer and wrong answer, or clean and flipped, are the wrong way round.";
    return {};
}

std::string mean_note(const RunResult &result)
{
    const auto counts = result.arrays.find(mean_prompts);
    if (counts == result.arrays.end() || counts->second.is_float() || counts->second.ints().empty())
        return {};
    const auto [least, most] = std::minmax_element(counts->second.ints().begin(), counts->second.ints().end());
    return "The mean is over " + (*least == *most ? "" : std::to_string(*least) + " to ") + counted(*most, "prompt")
        + ", as many as reach a position.";
}

const Grid *RunResult::grid(std::string_view name) const
{
    for (const Grid &candidate : grids)
        if (candidate.name == name)
            return &candidate;
    return nullptr;
}

std::string label(const CellPlace &place)
{
    if (place.layer < 0)
        return "together";
    const std::string head = place.head < 0 ? "L" + std::to_string(place.layer) : label(Head{place.layer, place.head});
    return place.position < 0 ? head : head + " pos " + std::to_string(place.position);
}

CellPlace Grid::at(int cell) const
{
    CellPlace place;
    for (size_t axis = shape.size(); axis-- > 0;) {
        const int index = cell % shape[axis];
        cell /= shape[axis];
        if (axes[axis] == "edge") // of a list, which says where each of them lies
            continue;
        (axes[axis] == "head" ? place.head : axes[axis] == "pos" ? place.position : place.layer) = index;
    }
    return place;
}

double normalised(const Grid &grid, int cell, const Baseline &baseline)
{
    switch (grid.state[size_t(cell)]) {
    case CellState::Missing:
        return not_a_number;
    case CellState::Estimated:
        return grid.estimate.empty() ? not_a_number : double(grid.estimate[size_t(cell)]);
    case CellState::Exact:
        break;
    }
    const double base = grid.direction == Direction::Denoise ? baseline.flipped_mean : baseline.clean_mean;
    return (mean_of(grid.cell(cell)) - base) / baseline.scale();
}

double normalised(const Grid &grid, int cell, int prompt, const Baseline &baseline)
{
    if (grid.state[size_t(cell)] != CellState::Exact)
        return not_a_number;
    return (double(grid.cell(cell)[size_t(prompt)]) - double(base_values(grid, baseline)[size_t(prompt)]))
        / baseline.scale();
}

// The gap is resampled with the effect: both come from the same prompts.
double bootstrap_half_width(const Grid &grid, int cell, const Baseline &baseline, int samples)
{
    const int prompts = grid.prompts;
    if (grid.state[size_t(cell)] != CellState::Exact || prompts < 2 || samples < 2)
        return not_a_number;
    const std::span<const float> patched = grid.cell(cell);
    const std::vector<float> &base = base_values(grid, baseline);
    const bool shares = baseline.shares_make_sense();
    detail::Draws draws(0x5eedu + uint64_t(cell));
    std::vector<double> values(static_cast<size_t>(samples));
    for (double &value : values) {
        double change = 0, gap = 0;
        for (int i = 0; i < prompts; ++i) {
            const size_t p = size_t(draws.below(prompts));
            change += double(patched[p]) - double(base[p]);
            gap += double(baseline.clean[p]) - double(baseline.flipped[p]);
        }
        value = !shares ? change / prompts : change == 0 ? 0 : change / gap;
    }
    const auto quantile = [&](double share) {
        const auto at = values.begin() + std::ptrdiff_t(std::lround(share * double(samples - 1)));
        std::nth_element(values.begin(), at, values.end());
        return *at;
    };
    const double low = quantile(0.025), width = 0.5 * (quantile(0.975) - low);
    return std::isfinite(width) ? width : not_a_number;
}

int all_cells(const RunResult &result)
{
    int count = 0;
    for (const Grid &grid : result.grids)
        count += grid.cells();
    return count;
}

int exact_cells(const RunResult &result)
{
    int count = 0;
    for (const Grid &grid : result.grids)
        count += int(std::count(grid.state.begin(), grid.state.end(), CellState::Exact));
    return count;
}

} // namespace patchbay
