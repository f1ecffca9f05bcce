#include "analysis/series_measures.h"

#include "analysis/analysis.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "nouns/quantity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

namespace patchbay {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

bool is_of_heads(const Grid &grid)
{
    return grid.axes == std::vector<std::string>{"layer", "head"};
}

/// Mean over prompts of patched − base, and the half-width of its interval.
Interval raw_effect(const Grid &grid, int cell, const Baseline &baseline, bool interval)
{
    const std::vector<float> &base = base_values(grid, baseline);
    std::vector<float> change(base.size());
    for (size_t p = 0; p < change.size(); ++p)
        change[p] = grid.cell(cell)[p] - base[p];
    if (interval)
        return bootstrap(change);
    const double mean = std::accumulate(change.begin(), change.end(), 0.0) / double(std::max<size_t>(1, change.size()));
    return {mean, mean, mean};
}

HeadsOverSteps::Step effects_at(const Grid &grid, const Baseline &baseline, bool raw, bool intervals)
{
    HeadsOverSteps::Step step;
    step.blank = !raw && !baseline.shares_make_sense();
    for (int cell = 0; cell < grid.cells(); ++cell) {
        const bool there = grid.state[size_t(cell)] == CellState::Exact;
        if (!raw) {
            const bool given = !step.blank && there;
            step.values.push_back(given ? 100 * normalised(grid, cell, baseline) : nan);
            if (intervals)
                step.half_width.push_back(given ? 100 * bootstrap_half_width(grid, cell, baseline) : nan);
            continue;
        }
        const Interval effect = there ? raw_effect(grid, cell, baseline, intervals) : Interval{nan, nan, nan};
        step.values.push_back(effect.mean);
        if (intervals)
            step.half_width.push_back((effect.high - effect.low) / 2);
    }
    return step;
}

HeadsOverSteps::Step values_at(const RunResult &result, const HeadQuantity &q, const std::string &name, bool intervals)
{
    HeadsOverSteps::Step step;
    step.values = q.values;
    // An analysis' effects in % of the gap are no better than a sweep's where there is none.
    step.blank = blank_there(result, name);
    if (step.blank)
        step.values.assign(q.values.size(), nan);
    if (intervals && step.blank)
        step.half_width.assign(q.values.size(), nan);
    else if (intervals)
        for (int cell = 0; cell < q.layers * q.heads; ++cell)
            step.half_width.push_back(half_width_of(result, name, Head{cell / q.heads, cell % q.heads}));
    return step;
}

std::vector<size_t> strongest(const std::vector<double> &values, size_t count)
{
    std::vector<size_t> order;
    for (size_t i = 0; i < values.size(); ++i)
        if (std::isfinite(values[i]) && values[i] != 0)
            order.push_back(i);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return std::abs(values[a]) > std::abs(values[b]); });
    order.resize(std::min(order.size(), count));
    return order;
}

bool has_values(const std::vector<double> &values)
{
    return std::any_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

} // namespace

bool blank_there(const RunResult &result, const std::string &array)
{
    const Baseline &baseline = result.baseline;
    const Quantity known = quantity_named(array);
    return !baseline.clean.empty() && !baseline.shares_make_sense() && known.unit == "%"
        && known.colour_label == effect_label(info(baseline.metric));
}

std::vector<std::optional<BaselineAtStep>> baselines(const SeriesResults &series, const std::string &part)
{
    std::vector<std::optional<BaselineAtStep>> out(series.steps.size());
    for (size_t i = 0; i < out.size(); ++i) {
        const RunResultPtr result = series.result(i, part);
        if (!result || result->baseline.clean.empty())
            continue;
        const Baseline &base = result->baseline;
        BaselineAtStep at;
        at.clean = base.clean_mean;
        at.flipped = base.flipped_mean;
        at.accuracy = base.accuracy_clean;
        at.small = !base.shares_make_sense();
        for (const auto &[run, half] : {std::pair{&base.clean, &at.clean_half}, {&base.flipped, &at.flipped_half}}) {
            const Interval interval = bootstrap(*run);
            *half = (interval.high - interval.low) / 2;
        }
        out[i] = at;
    }
    return out;
}

std::vector<std::string> head_quantities(const SeriesResults &series, const std::string &part)
{
    std::vector<std::string> grids, arrays;
    const auto add = [](std::vector<std::string> &names, const std::string &name) {
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    };
    for (size_t i = 0; i < series.steps.size(); ++i) {
        const RunResultPtr result = series.result(i, part);
        if (!result)
            continue;
        for (const Grid &grid : result->grids)
            if (is_of_heads(grid))
                add(grids, grid.name);
        for (const auto &[name, array] : result->arrays)
            if (quantity_named(name).draw == Quantity::Draw::Heads && quantity_named(name).known() && array.is_float()
                && array.shape.size() >= 2)
                add(arrays, name);
    }
    grids.insert(grids.end(), arrays.begin(), arrays.end());
    return grids;
}

double HeadsOverSteps::at(size_t step, Head one) const
{
    const std::vector<double> &values = steps[step].values;
    return values.empty() ? nan : values[size_t(one.layer * heads + one.head)];
}

double HeadsOverSteps::half_width(size_t step, Head one) const
{
    const std::vector<double> &values = steps[step].half_width;
    return values.empty() ? nan : values[size_t(one.layer * heads + one.head)];
}

HeadsOverSteps heads_over_steps(const SeriesResults &series, const std::string &part, const std::string &name, bool raw,
                                bool intervals, const CancelToken &cancel)
{
    HeadsOverSteps out;
    out.quantity = name;
    out.steps.resize(series.steps.size());
    std::string first; // the step that says how many heads there are
    for (size_t i = 0; i < series.steps.size(); ++i) {
        cancel.check();
        const RunResultPtr result = series.result(i, part);
        if (!result)
            continue;
        const Grid *grid = result->grid(name);
        if (!grid && !result->arrays.contains(name))
            continue;
        const HeadQuantity q = quantity(*result, name);
        if (first.empty()) {
            first = series.steps[i].name;
            out.words = q.name;
            out.effect = grid != nullptr;
            out.raw = grid && (raw || !info(result->baseline.metric).shares);
            out.unit = !grid ? q.unit : out.raw ? info(result->baseline.metric).unit : "%";
            out.layers = q.layers;
            out.heads = q.heads;
        } else if (q.layers != out.layers || q.heads != out.heads) {
            throw Error(series.steps[i].name, "has other heads than " + first + ": they are not one model's");
        }
        out.steps[i] =
            grid ? effects_at(*grid, result->baseline, out.raw, intervals) : values_at(*result, q, name, intervals);
    }
    if (first.empty())
        throw Error(name, "is a quantity of heads that no step of the series has");
    return out;
}

std::vector<std::optional<size_t>> first_steps(const HeadsOverSteps &heads, double threshold)
{
    std::vector<std::optional<size_t>> first(size_t(heads.layers * heads.heads));
    for (size_t cell = 0; cell < first.size(); ++cell)
        for (size_t step = 0; step < heads.steps.size() && !first[cell]; ++step)
            if (const auto &values = heads.steps[step].values; !values.empty() && std::abs(values[cell]) >= threshold)
                first[cell] = step;
    return first;
}

std::vector<Head> strongest_heads(const HeadsOverSteps &heads, size_t count)
{
    std::vector<double> largest(size_t(heads.layers * heads.heads), 0);
    for (const HeadsOverSteps::Step &step : heads.steps)
        for (size_t cell = 0; cell < step.values.size(); ++cell)
            if (std::isfinite(step.values[cell]))
                largest[cell] = std::max(largest[cell], std::abs(step.values[cell]));
    std::vector<Head> out;
    for (const size_t cell : strongest(largest, count))
        out.push_back(heads.head(cell));
    return out;
}

double jaccard_top(const std::vector<double> &a, const std::vector<double> &b, size_t top)
{
    if (!has_values(a) || !has_values(b))
        return nan;
    const std::vector<size_t> left = strongest(a, top), right = strongest(b, top);
    std::set<size_t> either(left.begin(), left.end());
    either.insert(right.begin(), right.end());
    return either.empty() ? nan : double(left.size() + right.size() - either.size()) / double(either.size());
}

double weighted_jaccard(const std::vector<double> &a, const std::vector<double> &b)
{
    if (a.size() != b.size() || !has_values(a) || !has_values(b))
        return nan;
    double common = 0, all = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        const double x = std::isfinite(a[i]) ? a[i] : 0, y = std::isfinite(b[i]) ? b[i] : 0;
        const bool same = (x < 0) == (y < 0);
        common += same ? std::min(std::abs(x), std::abs(y)) : 0;
        all += same ? std::max(std::abs(x), std::abs(y)) : std::abs(x) + std::abs(y);
    }
    return all > 0 ? common / all : nan;
}

Likeness likeness(const HeadsOverSteps &heads, size_t reference, size_t top)
{
    Likeness out;
    const std::vector<double> none, *before = &none;
    for (const HeadsOverSteps::Step &step : heads.steps) {
        const std::vector<double> &to = heads.steps[reference].values;
        out.top.push_back(jaccard_top(step.values, to, top));
        out.weighted.push_back(weighted_jaccard(step.values, to));
        out.top_before.push_back(jaccard_top(step.values, *before, top));
        out.weighted_before.push_back(weighted_jaccard(step.values, *before));
        if (has_values(step.values))
            before = &step.values;
    }
    return out;
}

std::vector<std::optional<std::vector<RoleAtStep>>> roles_over_steps(const SeriesResults &series)
{
    std::vector<std::optional<std::vector<RoleAtStep>>> out(series.steps.size());
    for (size_t i = 0; i < out.size(); ++i)
        for (const SeriesPart &part : series.parts) {
            const RunResultPtr result = series.result(i, part.id);
            if (!result || !result->baseline.shares_make_sense() || !result->summary.is_object() || !result->summary.contains("roles")
                || !result->summary.at("roles").is_array())
                continue;
            std::vector<RoleAtStep> roles;
            for (const nlohmann::json &one : result->summary.at("roles"))
                roles.push_back({parse_head(text_or_empty(one, "head")), text_or_empty(one, "role")});
            out[i] = std::move(roles);
        }
    return out;
}

SeriesMeasures measure(const SeriesResults &series, MeasureOptions options, const CancelToken &cancel)
{
    SeriesMeasures out;
    if (options.part.empty())
        for (const SeriesPart &part : series.parts)
            if (options.part.empty() && !head_quantities(series, part.id).empty())
                options.part = part.id;
    if (std::none_of(series.parts.begin(), series.parts.end(),
                     [&](const SeriesPart &part) { return part.id == options.part; }))
        throw Error(options.part.empty() ? "series" : options.part,
                    options.part.empty() ? "no step has a number for every head" : "is no step of the recipe");
    const std::vector<std::string> names = head_quantities(series, options.part);
    if (names.empty())
        throw Error(options.part.empty() ? "series" : options.part, "no step has a number for every head");
    if (options.quantity.empty())
        options.quantity = names.front();
    if (std::find(names.begin(), names.end(), options.quantity) == names.end())
        throw Error(options.quantity, "is no quantity of heads of this series, which has " + listed(names));
    out.heads = heads_over_steps(series, options.part, options.quantity, options.raw, true, cancel);
    options.raw = out.heads.raw;
    if (!(options.threshold > 0)) {
        double largest = 0;
        for (const HeadsOverSteps::Step &step : out.heads.steps)
            for (const double value : step.values)
                largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
        options.threshold = out.heads.effect && !out.heads.raw ? 10 : largest / 10;
    }
    if (options.reference && *options.reference >= series.steps.size())
        throw Error("reference", "the series has no such step");
    if (!options.reference) {
        options.reference = series.steps.size() - 1;
        for (size_t i = series.steps.size(); i-- > 0;)
            if (has_values(out.heads.steps[i].values)) {
                options.reference = i;
                break;
            }
    }
    out.baselines = baselines(series, options.part);
    out.first = first_steps(out.heads, options.threshold);
    out.alike = likeness(out.heads, *options.reference, options.top);
    out.roles = roles_over_steps(series);
    out.options = std::move(options);
    return out;
}

std::string blank_note(const SeriesResults &series, const HeadsOverSteps &heads)
{
    std::vector<std::string> names;
    for (size_t i = 0; i < heads.steps.size(); ++i)
        if (heads.steps[i].blank)
            names.push_back(series.steps[i].name);
    if (names.empty())
        return {};
    const std::string where = names.size() > 4
        ? std::to_string(names.size()) + " steps (" + names.front() + " … " + names.back() + ")"
        : listed(names);
    return "The gap is small at " + where + ": no percentages there; raw values say what the heads do.";
}

} // namespace patchbay
