#include "view_models_parts.h"

#include "analysis/analysis.h"
#include "analysis/registry.h"
#include "base/error.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace patchbay {

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

/// What no view can draw is missing there.
double finite(double value)
{
    return std::isfinite(value) ? value : missing;
}

widgets::CellState toView(CellState state)
{
    switch (state) {
    case CellState::Exact:
        return widgets::CellState::Exact;
    case CellState::Estimated:
        return widgets::CellState::Estimated;
    case CellState::Missing:
        break;
    }
    return widgets::CellState::Missing;
}

bool isHeadArray(const std::string &name, const Array &array)
{
    const Quantity known = quantity_named(name);
    return known.known() && known.draw == Quantity::Draw::Heads && array.is_float()
        && (array.shape.size() == 2 || array.shape.size() == 3) && array.count() > 0;
}

/// [layer, head] or the mean of [layer, head, prompt].
widgets::HeatmapFacet arrayFacet(const std::string &name, const Array &array)
{
    widgets::HeatmapFacet facet;
    facet.title = facetTitle(name);
    facet.rows = int(array.shape[0]);
    facet.columns = int(array.shape[1]);
    const int prompts = array.shape.size() == 3 ? int(array.shape[2]) : 1;
    const std::vector<float> &values = array.floats();
    for (int cell = 0; cell < facet.rows * facet.columns; ++cell) {
        double sum = 0;
        for (int prompt = 0; prompt < prompts; ++prompt)
            sum += values[size_t(cell) * size_t(prompts) + size_t(prompt)];
        const double mean = finite(sum / prompts);
        facet.values << mean;
        facet.states << (std::isnan(mean) ? widgets::CellState::Missing : widgets::CellState::Exact);
    }
    return facet;
}

bool selected(const HeatmapOptions &options, const std::string &name)
{
    return options.facets.empty()
        || std::find(options.facets.begin(), options.facets.end(), name) != options.facets.end();
}

} // namespace

std::vector<std::string> headArrays(const RunResult &result)
{
    std::vector<std::string> names;
    const Analysis *analysis = result.spec.as<Analysis>();
    if (const AnalysisInfo *info = analysis ? find_analysis(analysis->name) : nullptr)
        for (const Quantity &one : info->yields)
            if (const auto found = result.arrays.find(one.name);
                found != result.arrays.end() && isHeadArray(one.name, found->second))
                names.push_back(one.name);
    for (const auto &[name, array] : result.arrays)
        if (isHeadArray(name, array) && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    return names;
}

QString effectUnit(const Baseline &baseline)
{
    return QString::fromStdString(effect_unit(baseline).symbol);
}

widgets::HeadId toHeadId(Head head)
{
    return {head.layer, head.head};
}

Head fromHeadId(widgets::HeadId id)
{
    return {id.layer, id.head};
}

widgets::Standing standingOf(const Stability &stability, int cell)
{
    const auto at = size_t(cell);
    return {stability.among_top[at], stability.best_rank[at], stability.worst_rank[at]};
}

QString facetTitle(std::string_view name)
{
    const Quantity known = quantity_named(name);
    const std::string &text = known.known() ? known.title : std::string(name);
    return QString::fromStdString(text);
}

QVector<widgets::HeatmapFacet> heatmapFacets(const Grid &grid, const Baseline &baseline)
{
    if (grid.shape.empty())
        return {};
    const bool cube = grid.shape.size() == 3; // {layer, pos, head}
    const int rows = grid.shape[0];
    const int columns = cube ? grid.shape[2] : grid.shape.size() == 2 ? grid.shape[1] : 1;
    const int count = cube ? grid.shape[1] : 1;
    const EffectUnit unit = effect_unit(baseline);
    QVector<widgets::HeatmapFacet> facets;
    for (int position = 0; position < count; ++position) {
        widgets::HeatmapFacet facet;
        facet.title =
            cube ? QStringLiteral("%1, position %2").arg(facetTitle(grid.name)).arg(position) : facetTitle(grid.name);
        facet.rows = rows;
        facet.columns = columns;
        for (int row = 0; row < rows; ++row) {
            for (int column = 0; column < columns; ++column) {
                const int cell = (row * count + position) * columns + column;
                const double value = finite(normalised(grid, cell, baseline) * unit.factor);
                facet.values << value;
                facet.states << (std::isnan(value) ? widgets::CellState::Missing : toView(grid.state[size_t(cell)]));
            }
        }
        facets << facet;
    }
    return facets;
}

std::vector<std::string> heatmapFacetNames(const RunResult &result)
{
    std::vector<std::string> names;
    for (const Grid &grid : result.grids) {
        if (!grid.shape.empty())
            names.push_back(grid.name);
    }
    for (std::string &name : headArrays(result))
        names.push_back(std::move(name));
    return names;
}

namespace {
/// Of the mean over prompts, in the facet's unit: those that are known, or, to be computed, all.
void addIntervals(widgets::HeatmapFacet &facet, const RunResult &result, const std::string &name, const HalfWidths *all,
                  bool compute)
{
    const Grid *grid = result.grid(name);
    const double factor = grid ? effect_unit(result.baseline).factor : 1;
    const std::vector<double> *known = nullptr;
    if (all)
        if (const auto found = all->find(name);
            found != all->end() && qsizetype(found->second.size()) == facet.values.size())
            known = &found->second;
    for (int cell = 0; (known || compute) && cell < facet.values.size(); ++cell)
        facet.halfWidth << (grid && grid->state[size_t(cell)] != CellState::Exact
                                ? missing
                                : factor * (known ? (*known)[size_t(cell)] : half_width_of(result, name, cell)));
}

/// Those that are known, or, to be computed, all.
void addStandings(widgets::HeatmapView &view, const Grid &grid, const RunResult &result, const Stabilities *known,
                  bool compute)
{
    std::optional<Stability> own;
    const Stability *found = nullptr;
    if (known) {
        const auto one = known->find(grid.name);
        found = one == known->end() ? nullptr : &one->second;
    } else if (compute && can_be_ranked(grid)) {
        own = stability(grid, result.baseline);
        found = &*own;
    }
    if (!found || int(found->among_top.size()) != grid.cells())
        return;
    view.top = found->top;
    for (int cell = 0; cell < grid.cells(); ++cell)
        view.facets.back().standings << standingOf(*found, cell);
}

/// Colours of effects end at 1 % of the gap at least: 0.003 % must not look like a finding.
double leastRange(const QString &unit, const Baseline &baseline)
{
    constexpr double share = 0.01;
    if (unit == QLatin1String("%"))
        return share * 100;
    return unit == QLatin1String(info(baseline.metric).unit) && baseline.shares_make_sense()
        ? share * std::abs(baseline.gap())
        : share;
}
} // namespace

widgets::HeatmapView heatmapView(const RunResult &result, const HeatmapOptions &options)
{
    widgets::HeatmapView view;
    view.title = resultTitle(result);
    const MetricInfo &metric = info(result.baseline.metric);
    view.colourLabel = QString::fromStdString(effect_label(metric));
    const std::map<std::string, int> computed =
        options.intervals ? cells_with_intervals(result) : std::map<std::string, int>();
    bool first = true;
    for (const Grid &grid : result.grids) {
        if (grid.shape.empty() || !selected(options, grid.name))
            continue;
        const bool heads = grid.has_heads();
        if (first) {
            view.columnsAreHeads = heads;
            view.xLabel = heads        ? QStringLiteral("Head")
                : grid.axes.size() > 1 ? QStringLiteral("Position")
                                       : QString();
            if (grid.axes.size() == 1)
                view.xTicks = QStringList{QString()}; // one column: nothing to number
        } else if (heads != view.columnsAreHeads) {
            continue;
        }
        if (first) {
            view.unit = effectUnit(result.baseline);
            if (!effect_unit(result.baseline).share)
                view.colourLabel = QString::fromStdString(change_label(metric));
        }
        first = false;
        view.facets << heatmapFacets(grid, result.baseline);
        if (grid.shape.size() < 3)
            addIntervals(view.facets.back(), result, grid.name, options.known, computed.contains(grid.name));
        if (grid.shape.size() < 3)
            addStandings(view, grid, result, options.stabilities, options.intervals);
    }
    std::optional<Quantity> shared; // facets of one view share a scale
    for (const std::string &name : headArrays(result)) {
        if (!view.facets.isEmpty() && !shared)
            break; // the grids' unit
        if (!selected(options, name))
            continue;
        const Quantity known = quantity_named(name);
        if (shared && shared->colour_label != known.colour_label)
            continue;
        shared = known;
        view.unit = QString::fromStdString(known.unit);
        view.colourLabel = QString::fromStdString(known.colour_label);
        view.facets << arrayFacet(name, result.arrays.at(name));
        addIntervals(view.facets.back(), result, name, options.known, computed.contains(name));
    }
    if (const QString change = logitDiffText(result); !change.isEmpty())
        view.title += QStringLiteral(" · ") + change.section(QLatin1Char(':'), 0, 0).replace(0, 1, QLatin1Char('l'));
    view.floor = leastRange(view.unit, result.baseline);
    if (view.facets.size() == 1)
        view.facets.front().title.clear(); // the view's title says it
    return view;
}

void maskUnstable(widgets::HeatmapView &view, double percent)
{
    const auto unknown = [](const widgets::HeatmapFacet &facet) { return facet.standings.isEmpty(); };
    if (view.facets.isEmpty() || !view.columnsAreHeads
        || std::any_of(view.facets.cbegin(), view.facets.cend(), unknown))
        return;
    const int columns = view.facets.front().columns;
    for (int cell = 0; cell < view.facets.front().rows * columns; ++cell) {
        const bool out =
            std::none_of(view.facets.cbegin(), view.facets.cend(), [&](const widgets::HeatmapFacet &facet) {
                return facet.standings.value(cell).amongTop * 100 >= percent;
            });
        if (const widgets::HeadId head{cell / columns, cell % columns}; out && !view.masked.contains(head))
            view.masked << head;
    }
}

QVector<widgets::HeadId> strongestHeads(const widgets::HeatmapView &view, int n)
{
    QVector<std::pair<double, widgets::HeadId>> all;
    for (const widgets::HeatmapFacet &facet : view.facets) {
        for (int cell = 0; cell < facet.values.size(); ++cell) {
            if (!std::isfinite(facet.values[cell]))
                continue;
            const widgets::HeadId id{cell / facet.columns, view.columnsAreHeads ? cell % facet.columns : -1};
            all << std::pair{-std::abs(facet.values[cell]), id};
        }
    }
    std::sort(all.begin(), all.end());
    QVector<widgets::HeadId> heads;
    for (const auto &[strength, id] : all) {
        if (heads.size() >= n)
            break;
        if (!heads.contains(id))
            heads << id;
    }
    return heads;
}

} // namespace patchbay
