#include "heatmap_cells.h"
#include "marks.h"

#include "colour_map.h"
#include "figure_font.h"
#include "view_text.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace patchbay::widgets::figure {

namespace {

constexpr double leastBar = 14, smallestFacet = 17, facetGap = 3.2, largestCellWidth = 22, largestCellHeight = 7,
                 overlap = 0.04, bordersFrom = 2;

/// Every n-th of count labels, so that labels `each` mm long fit cells `cell` mm long.
int tickStep(double cell, double each)
{
    for (const int step : {1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100})
        if (cell * step >= each)
            return step;
    return 200;
}

constexpr double longestRowTick = 22; // mm of a row's name

class HeatmapPanel final : public Panel {
public:
    HeatmapPanel(const HeatmapView &view, const PanelStyle &style)
        : Panel(style), m_view(chosenFacets(view, style.spec))
    {
        m_limit = style.limit > 0 ? style.limit : spec().limit > 0 ? spec().limit : colourLimit(m_view);
        for (const HeatmapFacet &facet : m_view.facets) {
            m_rows = std::max(m_rows, facet.rows);
            m_columns = std::max(m_columns, facet.columns);
            for (int cell = 0; cell < facet.values.size(); ++cell) {
                m_missing = m_missing || state(facet, cell) == CellState::Missing;
                m_estimated = m_estimated || state(facet, cell) == CellState::Estimated;
                m_undefined = m_undefined || state(facet, cell) == CellState::Undefined;
                m_noise = m_noise
                    || (facet.withinNoise(cell) && !m_view.isMasked(cell / facet.columns, cell % facet.columns));
            }
        }
        for (const QString &tick : m_view.xTicks)
            m_tokenLength = std::max(m_tokenLength, std::min(18.0, textWidth(visibleToken(tick), m_style.small())));
    }

    Margins margins(double width) const override
    {
        Margins m;
        m.left = (m_view.yLabel.isEmpty() ? 0 : lineHeight(spec().points) + gap * 1.1) + rowTickWidth() + gap * 0.8;
        m.bottom =
            std::max(tickHeight() + (m_view.xLabel.isEmpty() ? 0 : lineHeight(spec().points)) + legendHeight(width),
                     m_style.colourBar ? bar().overhang() : 0);
        // Beside flat heatmaps the scale's name takes several lines, and so more width, which makes the cells flatter
        // still: a few rounds settle it.
        double room = 1e6;
        for (int round = 0; round < 4; ++round) {
            m.right = m_style.colourBar ? gap * 1.8 + bar().width(room) : gap * 0.5;
            m.top = headroom(plotWidth(width, m));
            const double found = m.top + plotHeight(plotWidth(width, m)) + m.bottom;
            if (nameLines(found) <= nameLines(room))
                break;
            room = found;
        }
        m.top += titleHeight(titleText(m_view.title), width);
        return m;
    }

    double plotHeight(double plotWidth) const override
    {
        const Grid grid = arrange(plotWidth);
        const double cell = std::min(grid.cellWidth, largestCellHeight);
        // Deep models on wide sheets: no taller than wide.
        const double facet = std::min(cell * m_rows, std::max(plotWidth, 60.0));
        return grid.rows * facet + (grid.rows - 1) * betweenRows(plotWidth);
    }

    void draw(Scene &scene, const QRectF &plot, const QRectF &outer) const override
    {
        const Grid grid = arrange(plot.width());
        const double between = betweenRows(plot.width()),
                     facetHeight = (plot.height() - (grid.rows - 1) * between) / grid.rows;
        const QSizeF cell(grid.cellWidth, facetHeight / std::max(1, m_rows));
        const Margins m = margins(outer.width());
        const double above = headroom(plotWidth(outer.width(), m));
        drawTitle(scene, titleText(m_view.title), outer.left(), plot.top() - above, outer.width());
        double right = plot.left();
        for (int i = 0; i < m_view.facets.size(); ++i) {
            const QPointF corner(plot.left() + (i % grid.columns) * (cell.width() * m_columns + facetGap),
                                 plot.top() + (i / grid.columns) * (facetHeight + between));
            drawFacet(scene, m_view.facets[i], corner, cell, i % grid.columns == 0,
                      facetTitleLines(i < grid.columns ? plotWidth(outer.width(), m) : plot.width()));
            right = std::max(right, corner.x() + cell.width() * m_view.facets[i].columns);
        }
        const double labelY = plot.bottom() + tickHeight() + capHeight(spec().points) + gap * 0.3;
        scene.text({(plot.left() + right) / 2, labelY}, m_view.xLabel, spec().points, Align::Centre);
        const double yTicks = rowTickWidth() + gap * 0.8;
        const FittedText yName = fitted(m_view.yLabel, spec().points, facetHeight + 2 * std::min(above, tickHeight()));
        for (int row = 0; row < grid.rows && m_rows > 0; ++row) {
            const double middle = plot.top() + row * (facetHeight + between) + facetHeight / 2;
            scene.text({plot.left() - yTicks - gap * 1.3, middle}, yName.lines.value(0), yName.points, Align::Centre,
                       ink, false, 90);
        }
        if (m_style.colourBar) {
            // Beside flat heatmaps it reaches down past the axis, so that its numbers can be read.
            const double height = std::max(std::min(plot.height(), std::max(facetHeight, 40.0)),
                                           std::min(leastBar, plot.height() + m.bottom - bar().overhang()));
            bar().draw(scene, right + gap * 1.8, plot.top() + std::max(0.0, (plot.height() - height) / 2), height,
                       {plot.top() - above, plot.bottom() + m.bottom}, linesIn(m.right));
        }
        drawCellLegend(scene, entries(), m_style.small(), outer, plot.bottom() + m.bottom);
    }

private:
    struct Grid {
        int columns = 1, rows = 1;
        double cellWidth = 1;
    };

    static CellState state(const HeatmapFacet &facet, int cell)
    {
        return cell < facet.states.size() ? facet.states[cell] : CellState::Exact;
    }

    Grid arrange(double plotWidth) const
    {
        const int count = std::max(1, int(m_view.facets.size()));
        const double least = std::max(smallestFacet, m_columns * (spec().values ? 3.6 : 1.2));
        const int fit = std::clamp(int((plotWidth + facetGap) / (least + facetGap)), 1, count);
        Grid grid;
        grid.rows = (count + fit - 1) / fit;
        grid.columns = (count + grid.rows - 1) / grid.rows;
        const double facetWidth = (plotWidth - (grid.columns - 1) * facetGap) / grid.columns;
        grid.cellWidth = std::min(facetWidth / std::max(1, m_columns), largestCellWidth);
        return grid;
    }

    static QString lastNumber(int count) { return QString::number(std::max(0, count - 1)); }
    static double plotWidth(double width, const Margins &m) { return std::max(10.0, width - m.left - m.right); }
    /// How many lines the scale's name takes in a room, and how many a margin has.
    qsizetype nameLines(double room) const { return m_style.colourBar ? bar().labelLines(room).size() : 0; }
    qsizetype linesIn(double right) const
    {
        return m_style.colourBar ? qRound((right - gap * 1.8 - bar().width(1e6)) / lineHeight(bar().points)) + 1 : 0;
    }

    double titleRoom(const Grid &grid) const { return grid.cellWidth * std::max(1, m_columns) + facetGap * 0.6; }
    qsizetype facetTitleLines(double plotWidth) const
    {
        qsizetype lines = 0;
        for (const HeatmapFacet &facet : m_view.facets)
            if (!facet.title.isEmpty())
                lines =
                    std::max(lines, wrapped(facet.title, spec().points, false, titleRoom(arrange(plotWidth))).size());
        return lines;
    }
    double facetTitleHeight(double plotWidth) const
    {
        return double(facetTitleLines(plotWidth)) * lineHeight(spec().points);
    }
    /// Between title and cells: the facets' titles, or what the colour bar's uppermost number needs.
    double headroom(double plotWidth) const
    {
        return std::max(facetTitleHeight(plotWidth), m_style.colourBar ? bar().overhang() : 0);
    }
    double tickHeight() const
    {
        return gap * 0.8 + (m_tokenLength > 0 ? m_tokenLength : m_columns > 1 ? lineHeight(m_style.small()) : 0);
    }
    double betweenRows(double plotWidth) const { return tickHeight() + facetTitleHeight(plotWidth) + gap; }
    /// What stands in the legend.
    QVector<CellLook> entries() const
    {
        QVector<CellLook> shown;
        for (const auto &[is, look] :
             {std::pair{m_estimated, CellLook::Estimated}, std::pair{m_missing, CellLook::Missing},
              std::pair{m_undefined, CellLook::Undefined}, std::pair{!m_view.masked.isEmpty(), CellLook::Masked},
              std::pair{m_noise, CellLook::Noise}})
            if (is)
                shown << look;
        return shown;
    }
    double legendHeight(double width) const
    {
        const auto lines = double(entryLines(entries(), m_style.small(), width).size());
        return lines > 0 ? lines * lineHeight(m_style.small()) + gap * 0.8 : 0;
    }

    ColourBar bar() const
    {
        ColourBar bar;
        std::tie(bar.from, bar.to) = colourEnds(m_view, spec().colourMap, m_limit);
        const bool named = !m_view.colourLabel.isEmpty();
        bar.label = !named          ? m_view.unit
            : m_view.unit.isEmpty() ? m_view.colourLabel
                                    : QStringLiteral("%1 (%2)").arg(m_view.colourLabel, m_view.unit);
        bar.colour = [map = spec().colourMap, limit = m_limit](double value) { return colourOf(map, value, limit); };
        bar.points = m_style.small();
        bar.names = m_view.valueNames;
        return bar;
    }

    void drawFacet(Scene &scene, const HeatmapFacet &facet, QPointF corner, QSizeF cell, bool first,
                   qsizetype titleLines) const
    {
        const double small = m_style.small();
        const QRectF frame(corner, QSizeF(cell.width() * facet.columns, cell.height() * facet.rows));
        if (!facet.title.isEmpty()) {
            const FittedText title = fitted(facet.title, spec().points, frame.width() + facetGap * 0.6, titleLines);
            double y = frame.top() - gap * 0.9 - double(title.lines.size() - 1) * lineHeight(title.points);
            for (const QString &line : title.lines) {
                scene.text({frame.left(), y}, line, title.points);
                y += lineHeight(title.points);
            }
        }
        for (int row = 0; row < facet.rows; ++row)
            for (int column = 0; column < facet.columns; ++column)
                drawCell(scene, facet, row, column, cellRect(frame, cell, row, column));
        drawBorders(scene, facet, frame, cell);
        scene.frame(frame, ink, hairline);
        drawTicks(scene, facet, frame, cell, small, first);
        if (spec().values)
            drawValues(scene, facet, frame, cell);
        if (spec().topLabels > 0)
            drawLabels(scene, facet, frame, cell);
    }

    /// Hairlines between cells that are large enough, as on screen.
    static void drawBorders(Scene &scene, const HeatmapFacet &facet, const QRectF &frame, QSizeF cell)
    {
        if (std::min(cell.width(), cell.height()) < bordersFrom)
            return;
        for (int column = 1; column < facet.columns; ++column) {
            const double x = frame.left() + column * cell.width();
            scene.line({x, frame.top()}, {x, frame.bottom()}, faintInk, hairline);
        }
        for (int row = 1; row < facet.rows; ++row) {
            const double y = frame.top() + row * cell.height();
            scene.line({frame.left(), y}, {frame.right(), y}, faintInk, hairline);
        }
    }

    static QRectF cellRect(const QRectF &frame, QSizeF cell, int row, int column)
    {
        return {frame.left() + column * cell.width(), frame.top() + row * cell.height(), cell.width(), cell.height()};
    }

    QColor colour(const HeatmapFacet &facet, int row, int column) const
    {
        if (facet.withinNoise(row * facet.columns + column))
            return noiseColour();
        return colourOf(spec().colourMap, facet.values[row * facet.columns + column], m_limit);
    }

    void drawCell(Scene &scene, const HeatmapFacet &facet, int row, int column, const QRectF &rect) const
    {
        const int index = row * facet.columns + column;
        scene.hover(rect, cellReadout(m_view, int(&facet - m_view.facets.constData()), row, column));
        // Reaching under the next cells hides the seams that viewers draw between neighbours.
        const QRectF filled =
            rect.adjusted(0, 0, column + 1 < facet.columns ? overlap : 0, row + 1 < facet.rows ? overlap : 0);
        const CellState is = state(facet, index);
        if (is == CellState::Missing || is == CellState::Undefined) {
            drawEmpty(scene, rect, filled, is == CellState::Undefined);
            return;
        }
        if (m_view.isMasked(row, column)) {
            drawMasked(scene, rect, filled);
            return;
        }
        scene.rect(filled, colour(facet, row, column));
        if (is == CellState::Estimated)
            drawEstimate(scene, rect, colour(facet, row, column));
    }

    void drawTicks(Scene &scene, const HeatmapFacet &facet, const QRectF &frame, QSizeF cell, double small,
                   bool first) const
    {
        const bool tokens = m_tokenLength > 0;
        const double each = tokens ? lineHeight(small) * 0.85 : textWidth(lastNumber(facet.columns), small) + gap * 0.9;
        const int step = tickStep(cell.width(), each);
        for (int column = 0; column < facet.columns && facet.columns > 1; column += step) {
            const double x = frame.left() + (column + 0.5) * cell.width();
            if (tokens) {
                const QString text = elided(visibleToken(m_view.xTicks.value(column)), small, false, m_tokenLength);
                scene.text({x + capHeight(small) / 2, frame.bottom() + gap * 0.6}, text, small, Align::Right, ink,
                           false, 90);
            } else {
                scene.text({x, frame.bottom() + gap * 0.8 + capHeight(small)}, QString::number(column), small,
                           Align::Centre);
            }
        }
        if (!first)
            return;
        const int rowStep = tickStep(cell.height(), lineHeight(small) * 0.9);
        for (int row = 0; row < facet.rows; row += rowStep)
            textAtMiddle(scene, {frame.left() - gap * 0.8, frame.top() + (row + 0.5) * cell.height()}, rowTick(row),
                         small, Align::Right);
    }

    QString rowTick(int row) const
    {
        return row < m_view.yTicks.size() ? elided(m_view.yTicks[row], m_style.small(), false, longestRowTick)
                                          : QString::number(row);
    }
    double rowTickWidth() const
    {
        double widest = m_view.yTicks.isEmpty() ? textWidth(lastNumber(m_rows), m_style.small()) : 0;
        for (int row = 0; row < m_view.yTicks.size(); ++row)
            widest = std::max(widest, textWidth(rowTick(row), m_style.small()));
        return widest;
    }

    /// Numbers at one size and with the same decimals in all cells: one decimal where there is room, as numbers beside
    /// the figure have.
    void drawValues(Scene &scene, const HeatmapFacet &facet, const QRectF &frame, QSizeF cell) const
    {
        for (int decimals = m_limit < 5 ? 2 : 1; decimals >= 0; --decimals) {
            double widest = 0;
            for (const double value : facet.values)
                widest = std::max(widest, std::isnan(value) ? 0 : textWidth(signedNumber(value, decimals), 10) / 10);
            const double points = std::min(
                {m_style.small(), cell.width() * 0.9 / std::max(widest, 1e-6), cell.height() * 0.8 / lineHeight(1)});
            if (points < 5 && decimals > 0)
                continue;
            if (points < 3.5)
                return; // unreadable in print: the numbers are in the file beside the figure
            for (int index = 0; index < facet.values.size(); ++index) {
                const int row = index / facet.columns, column = index % facet.columns;
                if (std::isnan(facet.values[index]) || m_view.isMasked(row, column))
                    continue; // the numbers of masked cells are in the file beside the figure
                textAtMiddle(scene, cellRect(frame, cell, row, column).center(),
                             signedNumber(facet.values[index], decimals), points, Align::Centre,
                             textOn(colour(facet, row, column)));
            }
            return;
        }
    }

    void drawLabels(Scene &scene, const HeatmapFacet &facet, const QRectF &frame, QSizeF cell) const
    {
        QVector<std::pair<double, int>> order;
        for (int index = 0; index < facet.values.size(); ++index)
            if (!std::isnan(facet.values[index]) && facet.values[index] != 0
                && !m_view.isMasked(index / facet.columns, index % facet.columns))
                order << std::pair{-std::abs(facet.values[index]), index};
        std::sort(order.begin(), order.end());
        order.resize(std::min<qsizetype>(order.size(), spec().topLabels));
        LabelPlacer placer(frame.adjusted(0.2, 0.2, -0.2, -0.2), 6.5);
        for (const auto &[strength, index] : order)
            placer.avoid(cellRect(frame, cell, index / facet.columns, index % facet.columns));
        for (const auto &[strength, index] : order) {
            const int row = index / facet.columns, column = index % facet.columns;
            const QRectF rect = cellRect(frame, cell, row, column);
            const QString name = label(HeadId{row, m_view.columnsAreHeads ? column : -1});
            if (!spec().values && textWidth(name, 6) < rect.width() * 0.96 && lineHeight(6) < rect.height()) {
                textAtMiddle(scene, rect.center(), name, 6, Align::Centre, textOn(colour(facet, row, column)));
                continue;
            }
            scene.frame(rect.adjusted(0.1, 0.1, -0.1, -0.1), ink, 0.22);
            if (!spec().values)
                placer.place(scene, rect.center(), std::max(rect.width(), rect.height()) / 2, name);
        }
    }

    HeatmapView m_view;
    double m_limit = 1, m_tokenLength = 0;
    int m_rows = 0, m_columns = 0;
    bool m_missing = false, m_estimated = false, m_undefined = false, m_noise = false;
};

} // namespace

HeatmapView chosenFacets(const HeatmapView &view, const FigureSpec &spec)
{
    if (spec.facets.isEmpty())
        return view;
    HeatmapView chosen = view;
    chosen.facets.clear();
    for (const int index : spec.facets)
        if (index >= 0 && index < view.facets.size())
            chosen.facets << view.facets[index];
    return chosen;
}

std::unique_ptr<Panel> makeHeatmapPanel(const HeatmapView &view, const PanelStyle &style)
{
    return std::make_unique<HeatmapPanel>(view, style);
}

} // namespace patchbay::widgets::figure
