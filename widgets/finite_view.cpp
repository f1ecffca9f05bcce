#include "finite_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::widgets {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

double numberOrNone(double value)
{
    return std::isfinite(value) ? value : none;
}

double width(double half)
{
    return std::isfinite(half) ? std::abs(half) : 0;
}

HeatmapFacet finite(HeatmapFacet facet)
{
    facet.rows = std::max(0, facet.rows);
    facet.columns = std::max(0, facet.columns);
    const qsizetype cells = qsizetype(facet.rows) * facet.columns, given = facet.values.size(),
                    told = facet.states.size();
    // Nearly always nothing is to be done, and the arrays stay shared.
    const bool whole = given == cells && (told == 0 || told == cells)
        && std::all_of(facet.values.cbegin(), facet.values.cend(), [](double value) { return std::isfinite(value); });
    if (!whole) {
        facet.values.resize(cells);
        facet.states.resize(cells);
        for (qsizetype cell = 0; cell < cells; ++cell) {
            CellState &state = facet.states[cell];
            double &value = facet.values[cell];
            if (cell >= given)
                value = none;
            if (cell >= told)
                state = cell >= given || (told == 0 && std::isnan(value)) ? CellState::Missing : CellState::Exact;
            if (!std::isfinite(value)) {
                value = none;
                state = state == CellState::Missing ? CellState::Missing : CellState::Undefined;
            }
        }
    }
    if (!std::all_of(facet.halfWidth.cbegin(), facet.halfWidth.cend(),
                     [](double half) { return half >= 0 && std::isfinite(half); }))
        std::transform(facet.halfWidth.cbegin(), facet.halfWidth.cend(), facet.halfWidth.begin(), width);
    return facet;
}

} // namespace

HeatmapView finite(const HeatmapView &view)
{
    HeatmapView drawn = view;
    for (HeatmapFacet &facet : drawn.facets)
        facet = finite(facet);
    drawn.limit = width(view.limit);
    return drawn;
}

AttentionView finite(const AttentionView &view)
{
    AttentionView drawn = view;
    drawn.size = std::max(0, view.size);
    const qsizetype cells = qsizetype(drawn.size) * drawn.size;
    const auto isNumber = [](float weight) { return std::isfinite(weight); };
    if (view.weights.size() == cells && std::all_of(view.weights.cbegin(), view.weights.cend(), isNumber))
        return drawn;
    drawn.weights.resize(cells, std::numeric_limits<float>::quiet_NaN());
    for (float &weight : drawn.weights)
        weight = float(numberOrNone(double(weight)));
    return drawn;
}

ScatterView finite(const ScatterView &view)
{
    ScatterView drawn = view;
    drawn.points.removeIf([](const ScatterPoint &point) { return !std::isfinite(point.x) || !std::isfinite(point.y); });
    return drawn;
}

BarsView finite(const BarsView &view)
{
    BarsView drawn = view;
    for (Bar &bar : drawn.bars) {
        bar.value = numberOrNone(bar.value);
        bar.halfWidth = std::isnan(bar.value) ? 0 : width(bar.halfWidth);
    }
    return drawn;
}

GraphView finite(const GraphView &view)
{
    GraphView drawn = view;
    for (GraphEdge &edge : drawn.edges)
        edge.effect = numberOrNone(edge.effect);
    return drawn;
}

EdgeGraphView finite(const EdgeGraphView &view)
{
    EdgeGraphView drawn = view;
    drawn.edges.removeIf([&](const EdgeGraphEdge &edge) {
        return edge.from < 0 || edge.to < 0 || edge.from >= view.nodes.size() || edge.to >= view.nodes.size()
            || !std::isfinite(edge.score);
    });
    return drawn;
}

LinesView finite(const LinesView &view)
{
    LinesView drawn = view;
    drawn.x.clear();
    drawn.names.clear();
    drawn.gaps.clear();
    for (Line &line : drawn.lines) {
        line.values.clear();
        line.halfWidth.clear();
        line.notes.clear();
    }
    for (qsizetype step = 0; step < view.x.size(); ++step) {
        if (!std::isfinite(view.x[step]))
            continue;
        drawn.x << view.x[step];
        drawn.names << view.names.value(step);
        drawn.gaps << view.gaps.value(step);
        for (qsizetype i = 0; i < view.lines.size(); ++i) {
            const double value = numberOrNone(view.lines[i].values.value(step, none));
            drawn.lines[i].values << value;
            drawn.lines[i].notes << view.lines[i].notes.value(step);
            if (!view.lines[i].halfWidth.isEmpty())
                drawn.lines[i].halfWidth << (std::isnan(value) ? 0 : width(view.lines[i].halfWidth.value(step, 0)));
        }
    }
    return drawn;
}

} // namespace patchbay::widgets
