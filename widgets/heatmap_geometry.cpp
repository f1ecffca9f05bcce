#include "heatmap_geometry.h"

#include "colour_map.h"
#include "theme.h"
#include "view_text.h"

#include <QFontMetrics>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {
namespace {

constexpr int outerGap = 8;  // around everything
constexpr int facetGap = 18; // between facets
constexpr int sumsSize = 40; // thickness of a margin with sums
constexpr int barWidth = 12; // colour bar
constexpr int tickGap = 4;   // between cells and tick text

/// Of the font: values in cells (scaledFont keeps them above what can be read).
constexpr double usualText = 0.8, smallText = 0.68;

/// Pixels around the cells of one facet that do not grow with the cells.
struct Surround {
    int left = 0, right = 0, top = 0, bottom = 0;
};

/// Whole pixels per cell where cells are large enough for the difference to show; fractions for tiny cells.
double cellSize(double available, int count)
{
    const double size = std::max(0.5, available / std::max(1, count));
    return size >= 4 ? std::floor(size) : size;
}

struct Plan {
    int columns = 1, rows = 1;
    double width = 0, height = 0; // of a cell
};

Plan planFor(const QSize &area, int gridColumns, int count, int cellRows, int cellColumns, const Surround &around)
{
    Plan plan{gridColumns, (count + gridColumns - 1) / gridColumns, 0, 0};
    const double facetWidth = (area.width() - facetGap * (plan.columns - 1)) / double(plan.columns);
    const double facetHeight = (area.height() - facetGap * (plan.rows - 1)) / double(plan.rows);
    double width = (facetWidth - around.left - around.right) / cellColumns;
    double height = (facetHeight - around.top - around.bottom) / cellRows;
    // Cells are never extreme slabs: a grid should look like a grid.
    width = std::min(width, std::max(height * 2.2, 4.0));
    height = std::min(height, std::max(width * 1.25, 4.0));
    plan.width = cellSize(width * cellColumns, cellColumns);
    plan.height = cellSize(height * cellRows, cellRows);
    return plan;
}

QVector<int> edges(int start, double size, int count)
{
    QVector<int> result(count + 1);
    for (int i = 0; i <= count; ++i)
        result[i] = start + int(std::lround(i * size));
    return result;
}

int indexAt(const QVector<int> &edges, int place)
{
    if (edges.size() < 2 || place < edges.first() || place >= edges.last())
        return -1;
    return int(std::upper_bound(edges.begin(), edges.end(), place) - edges.begin()) - 1;
}

int digitsOf(int count)
{
    return count > 100 ? 3 : count > 10 ? 2 : 1;
}

/// The ways to write values, in the order in which they are tried; the last takes the least room.
QVector<CellText> cellTexts(const HeatmapView &view)
{
    if (largestMagnitude(view) >= 1000)
        return {};
    const int most = view.unit == QLatin1String("%") || largestMagnitude(view) >= 10 ? 1 : 2;
    return {{most, usualText}, {most, smallText}, {most - 1, usualText}, {most - 1, smallText}};
}

/// The smallest cell that holds every value written so.
QSize roomFor(const QFont &font, const HeatmapView &view, const CellText &text)
{
    const QFontMetrics metrics(scaledFont(font, text.size));
    const QString widest = signedNumber(-std::max(largestMagnitude(view), 1.0), text.decimals);
    // The ring of a selected cell lies beside the text; only where there is no other way it may touch it.
    const CellText last = cellTexts(view).last();
    const bool least = text.decimals == last.decimals && text.size == last.size;
    const int around = least ? 3 : 8;
    return {metrics.horizontalAdvance(widest) + around, metrics.tightBoundingRect(widest).height() + 5};
}

} // namespace

CellText cellText(const QFont &font, const HeatmapView &view, QSize cell)
{
    if (!view.valueNames.isEmpty())
        return {};
    for (const CellText &text : cellTexts(view)) {
        const QSize room = roomFor(font, view, text);
        if (room.width() <= cell.width() && room.height() <= cell.height())
            return text;
    }
    return {};
}

int tickStep(double spacing, int labelSize)
{
    for (int power = 1;; power *= 10) {
        for (int step : {1, 2, 5}) {
            if (step * power * spacing >= labelSize || step * power > 100000)
                return step * power;
        }
    }
}

HeatmapMetrics HeatmapMetrics::of(const QFont &font, const HeatmapView &view)
{
    const QFontMetrics small(scaledFont(font, 0.88)), title(font);
    HeatmapMetrics metrics;
    metrics.line = small.height();
    metrics.titleLine = title.height();
    metrics.digit = small.horizontalAdvance('0');
    for (const QString &tick : view.xTicks)
        metrics.widestTick = std::max(metrics.widestTick, small.horizontalAdvance(visibleToken(tick)));
    for (const QString &tick : view.yTicks)
        metrics.widestRow = std::max(metrics.widestRow, small.horizontalAdvance(tick));
    const QVector<CellText> texts = cellTexts(view);
    metrics.value = texts.isEmpty() ? QSize() : roomFor(font, view, texts.last());
    const double limit = colourLimit(view);
    metrics.barText = 0;
    const auto ticks = niceTicks(-limit, limit, 9);
    const int decimals = ticks.size() > 1 ? tickDecimals(ticks[1] - ticks[0]) : 1;
    for (double tick : ticks)
        metrics.barText = std::max(metrics.barText, small.horizontalAdvance(barTickText(view, tick, decimals)));
    return metrics;
}

QRect FacetLayout::cellRect(int row, int column) const
{
    if (row < 0 || row >= rows || column < 0 || column >= columns)
        return {};
    return QRect(QPoint(xEdges[column], yEdges[row]), QPoint(xEdges[column + 1] - 1, yEdges[row + 1] - 1));
}

int FacetLayout::rowAt(int y) const
{
    return indexAt(yEdges, y);
}

int FacetLayout::columnAt(int x) const
{
    return indexAt(xEdges, x);
}

CellRef HeatmapLayout::cellAt(QPoint point) const
{
    for (int i = 0; i < facets.size(); ++i) {
        const CellRef cell{i, facets[i].rowAt(point.y()), facets[i].columnAt(point.x())};
        if (cell.valid())
            return cell;
    }
    return {};
}

QRect HeatmapLayout::cellRect(const CellRef &cell) const
{
    return cell.facet >= 0 && cell.facet < facets.size() ? facets[cell.facet].cellRect(cell.row, cell.column) : QRect();
}

bool HeatmapLayout::cellsIn(const QRect &band, QPoint start, CellRef *from, CellRef *to) const
{
    // A band may start beside the cells: the facet is the one it starts in or else the first one it touches.
    int chosen = cellAt(start).facet;
    for (int i = 0; chosen < 0 && i < facets.size(); ++i) {
        if (facets[i].cells.intersects(band))
            chosen = i;
    }
    if (chosen < 0)
        return false;
    const FacetLayout &facet = facets[chosen];
    const QRect inside = band.intersected(facet.cells);
    if (inside.isEmpty())
        return false;
    *from = {chosen, facet.rowAt(inside.top()), facet.columnAt(inside.left())};
    *to = {chosen, facet.rowAt(inside.bottom()), facet.columnAt(inside.right())};
    return from->valid() && to->valid();
}

HeatmapLayout layoutHeatmap(const HeatmapView &view, QSize size, const HeatmapMetrics &metrics, bool margins)
{
    HeatmapLayout layout;
    const QRect whole = QRect(QPoint(0, 0), size).adjusted(outerGap, outerGap, -outerGap, -outerGap / 2);
    layout.readout = QRect(whole.left(), whole.bottom() - metrics.titleLine - 3, whole.width(), metrics.titleLine + 4);
    if (!view.title.isEmpty())
        layout.title = QRect(whole.left(), whole.top(), whole.width(), metrics.titleLine + 4);
    if (view.facets.isEmpty())
        return layout;

    int cellRows = 1, cellColumns = 1;
    bool facetTitles = false;
    for (const HeatmapFacet &facet : view.facets) {
        cellRows = std::max(cellRows, facet.rows);
        cellColumns = std::max(cellColumns, facet.columns);
        facetTitles = facetTitles || !facet.title.isEmpty();
    }
    layout.rotatedTicks = !view.xTicks.isEmpty();
    const int tickWidth =
        view.yTicks.isEmpty() ? digitsOf(cellRows) * metrics.digit : std::min(metrics.widestRow, 8 * metrics.line);
    const int xTickHeight = layout.rotatedTicks ? std::min(metrics.widestTick, 6 * metrics.line) : metrics.line;

    QRect area = whole;
    area.setTop(view.title.isEmpty() ? whole.top() : layout.title.bottom() + 6);
    area.setBottom(layout.readout.top() - 6);
    const int barSpace = barWidth + tickGap + metrics.barText + metrics.line + 2 * outerGap;
    const bool bar = area.width() > 3 * barSpace && area.height() > 6 * metrics.line;
    if (bar)
        area.setRight(area.right() - barSpace);

    Surround plain;
    plain.left = metrics.line + tickGap + tickWidth + tickGap; // axis name, gap, ticks, gap
    plain.bottom = tickGap + xTickHeight + 2 + metrics.line;
    plain.top = facetTitles ? metrics.titleLine + tickGap : metrics.line / 2;
    plain.right = tickGap;
    Surround withSums = plain;
    withSums.right += sumsSize;
    withSums.top += sumsSize + tickGap;

    const int count = int(view.facets.size());
    const auto bestPlan = [&](const Surround &around) {
        Plan best;
        for (int columns = 1; columns <= count; ++columns) {
            const Plan plan = planFor(area.size(), columns, count, cellRows, cellColumns, around);
            if (plan.width * plan.height > best.width * best.height)
                best = plan;
        }
        return best;
    };
    Surround around = margins ? withSums : plain;
    Plan plan = bestPlan(around);
    // Sums are a nicety: they go where they would squeeze the cells below what a pointer can hit, or below what holds
    // the cells' values.
    const auto holdsValues = [&](const Plan &cells) {
        return !metrics.value.isEmpty() && cells.height >= metrics.value.height()
            && cells.width >= metrics.value.width();
    };
    if (margins && (plan.width < 8 || plan.height < 8 || (!holdsValues(plan) && holdsValues(bestPlan(plain))))) {
        around = plain;
        plan = bestPlan(around);
        margins = false;
    }

    const int facetWidth = around.left + int(std::lround(plan.width * cellColumns)) + around.right;
    const int facetHeight = around.top + int(std::lround(plan.height * cellRows)) + around.bottom;
    const int blockWidth = facetWidth * plan.columns + facetGap * (plan.columns - 1);
    const int blockHeight = facetHeight * plan.rows + facetGap * (plan.rows - 1);
    const QPoint origin(area.left() + std::max(0, (area.width() - blockWidth) / 2),
                        area.top() + std::max(0, (area.height() - blockHeight) / 2));

    for (int i = 0; i < count; ++i) {
        const HeatmapFacet &source = view.facets[i];
        FacetLayout facet;
        facet.rows = source.rows;
        facet.columns = source.columns;
        const int left = origin.x() + (i % plan.columns) * (facetWidth + facetGap) + around.left;
        const int top = origin.y() + (i / plan.columns) * (facetHeight + facetGap) + around.top;
        facet.xEdges = edges(left, plan.width, source.columns);
        facet.yEdges = edges(top, plan.height, source.rows);
        facet.cells = QRect(QPoint(left, top), QPoint(facet.xEdges.last() - 1, facet.yEdges.last() - 1));
        const int sums = margins ? sumsSize + tickGap : 0;
        if (facetTitles) {
            // As wide as there is room: up to the next facet, and over the sums beside the last.
            const bool last = i % plan.columns == plan.columns - 1;
            facet.title =
                QRect(left, top - sums - metrics.titleLine - tickGap,
                      last ? facet.cells.width() + around.right : facetWidth + facetGap - outerGap, metrics.titleLine);
        }
        if (margins) {
            facet.rowSums = QRect(facet.cells.right() + 1 + tickGap, top, sumsSize, facet.cells.height());
            facet.columnSums = QRect(left, top - tickGap - sumsSize, facet.cells.width(), sumsSize);
        }
        facet.yTicks = QRect(left - tickGap - tickWidth, top, tickWidth, facet.cells.height());
        facet.xTicks = QRect(left, facet.cells.bottom() + 1 + tickGap, facet.cells.width(), xTickHeight);
        facet.xTickStep = tickStep(
            plan.width, layout.rotatedTicks ? metrics.line : digitsOf(source.columns) * metrics.digit + metrics.digit);
        facet.yTickStep = tickStep(plan.height, metrics.line - 1);
        layout.facets.append(facet);
    }
    if (bar) {
        const int top = layout.facets.first().cells.top();
        const int bottom = layout.facets.last().cells.bottom();
        layout.colourBar = QRect(origin.x() + blockWidth + 2 * outerGap, top, barWidth, bottom - top + 1);
        // As tall as there is room: beside one or two layers the name is longer than the bar.
        layout.colourLabel = QRect(layout.colourBar.right() + 1 + tickGap + metrics.barText + tickGap, area.top(),
                                   metrics.line, area.height());
    }
    return layout;
}

} // namespace patchbay::widgets
