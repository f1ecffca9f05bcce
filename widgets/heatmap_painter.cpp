#include "heatmap_painter.h"

#include "colour_map.h"
#include "heatmap_furniture.h"
#include "view_text.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {
namespace {

constexpr int gapFrom = 12;   // cells at least this large are separated by a hairline
constexpr int cornerFrom = 5; // and this large carry the estimate's corner

/// Which cells are masked, as a flat look-up [rows, columns].
QVector<bool> maskOf(const HeatmapView &view, const HeatmapFacet &facet)
{
    QVector<bool> masked;
    if (view.masked.isEmpty())
        return masked;
    masked.fill(false, qsizetype(facet.rows) * facet.columns);
    for (HeadId head : view.masked) {
        if (head.layer < 0 || head.layer >= facet.rows || head.head >= facet.columns)
            continue;
        const int first = head.head < 0 ? 0 : head.head, last = head.head < 0 ? facet.columns - 1 : head.head;
        for (int column = first; column <= last; ++column)
            masked[qsizetype(head.layer) * facet.columns + column] = true;
    }
    return masked;
}

void drawCells(QPainter &painter, const HeatmapScene &scene, int index, const QRect &clip)
{
    const HeatmapFacet &facet = scene.view.facets[index];
    const FacetLayout &place = scene.layout.facets[index];
    const QRect area = place.cells.intersected(clip);
    if (area.isEmpty())
        return;
    // The hatching of missing cells lies under everything, so that it runs on from cell to cell.
    const QColor ground = mixed(scene.theme.background, scene.theme.text, 0.04);
    painter.fillRect(area, ground);
    painter.setBrushOrigin(place.cells.topLeft());
    painter.fillRect(area, QBrush(mixed(scene.theme.faintLine, ground, 0.15), Qt::BDiagPattern));

    const QVector<bool> masked = maskOf(scene.view, facet);
    const QRect sample = place.cellRect(0, 0);
    const bool gaps = scene.gaps && std::min(sample.width(), sample.height()) >= gapFrom;
    const CellText text = scene.cellTexts ? cellText(scene.font, scene.view, sample.size()) : CellText();
    const int corner = std::clamp(std::min(sample.width(), sample.height()) / 3, 2, 8);
    painter.setFont(scaledFont(scene.font, text.decimals >= 0 ? text.size : 1));
    const int lastRow = place.rowAt(area.bottom()), lastColumn = place.columnAt(area.right());
    for (int row = std::max(0, place.rowAt(area.top())); row <= lastRow; ++row) {
        for (int column = std::max(0, place.columnAt(area.left())); column <= lastColumn; ++column) {
            const CellState state = stateAt(facet, row, column);
            if (state == CellState::Missing)
                continue;
            if (state == CellState::Undefined) { // crossed: the other strokes come on top of the hatching
                painter.fillRect(place.cellRect(row, column),
                                 QBrush(mixed(scene.theme.faintLine, ground, 0.15), Qt::FDiagPattern));
                continue;
            }
            const double value = valueAt(facet, row, column);
            const qsizetype number = qsizetype(row) * facet.columns + column;
            const bool hidden = !masked.isEmpty() && masked[number];
            const QColor colour = cellColour(scene, value, state, facet.withinNoise(number));
            const QRect cell = place.cellRect(row, column);
            if (hidden)
                fillMasked(painter, scene, cell);
            else
                painter.fillRect(cell, colour);
            if (gaps) {
                painter.fillRect(QRect(cell.right(), cell.top(), 1, cell.height()), scene.theme.faintLine);
                painter.fillRect(QRect(cell.left(), cell.bottom(), cell.width(), 1), scene.theme.faintLine);
            }
            if (hidden)
                continue; // its number is in the read-out
            if (state == CellState::Estimated && sample.width() >= cornerFrom && sample.height() >= cornerFrom) {
                // Staircase instead of a polygon: crisp at every scale, and cheap for thousands of cells.
                const QColor mark = mixed(textOn(colour), colour, 0.45);
                const int right = cell.right() - (gaps ? 1 : 0);
                for (int i = 0; i < corner; ++i)
                    painter.fillRect(QRect(right - corner + 1 + i, cell.top() + i, corner - i, 1), mark);
            }
            if (text.decimals >= 0) {
                painter.setPen(textOn(colour));
                painter.drawText(cell.adjusted(0, 0, gaps ? -1 : 0, gaps ? -1 : 0), Qt::AlignCenter | Qt::TextDontClip,
                                 signedNumber(value, text.decimals));
            }
        }
    }
    painter.setPen(scene.theme.line);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(place.cells.adjusted(-1, -1, 0, 0));
}

/// Bars of row or column sums; the largest of all facets fills the margin.
void drawSums(QPainter &painter, const HeatmapScene &scene, int index, double lowest, double highest, bool rows)
{
    const HeatmapFacet &facet = scene.view.facets[index];
    const FacetLayout &place = scene.layout.facets[index];
    const QRect lane = rows ? place.rowSums : place.columnSums;
    const double span = highest - lowest;
    if (lane.isEmpty() || !(span > 0))
        return;
    const int length = (rows ? lane.width() : lane.height()) - 2;
    const int zero = int(std::lround(-lowest / span * length));
    painter.setPen(Qt::NoPen);
    for (int i = 0; i < (rows ? facet.rows : facet.columns); ++i) {
        const double sum = rows ? rowSum(facet, i) : columnSum(facet, i);
        if (std::isnan(sum))
            continue;
        const int size = std::max(1, int(std::lround(std::abs(sum) / span * length)));
        const QColor colour =
            mixed(sum < 0 ? scene.theme.negative : scene.theme.positive, scene.theme.background, 0.25);
        const QRect cell = rows ? place.cellRect(i, 0) : place.cellRect(0, i);
        const int inset = (rows ? cell.height() : cell.width()) >= 6 ? 1 : 0;
        if (rows)
            painter.fillRect(QRect(lane.left() + (sum < 0 ? zero - size : zero), cell.top() + inset, size,
                                   cell.height() - 2 * inset),
                             colour);
        else
            painter.fillRect(QRect(cell.left() + inset, lane.bottom() - (sum < 0 ? zero : zero + size) + 1,
                                   cell.width() - 2 * inset, size),
                             colour);
    }
    painter.setPen(scene.theme.line);
    if (rows)
        painter.drawLine(lane.left() + zero, lane.top(), lane.left() + zero, lane.bottom());
    else
        painter.drawLine(lane.left(), lane.bottom() - zero + 1, lane.right(), lane.bottom() - zero + 1);
}

} // namespace

QColor cellColour(const HeatmapScene &scene, double value, CellState state, bool noise)
{
    if (noise)
        return mixed(scene.theme.background, scene.theme.text, 0.1);
    const QColor colour = colourOn(scene.theme.background, scene.map, value, scene.limit);
    return state == CellState::Estimated
        ? mixed(colour, scene.theme.dark ? scene.theme.background : QColor(Qt::white), 0.35)
        : colour;
}

void fillMasked(QPainter &painter, const HeatmapScene &scene, const QRect &rect)
{
    painter.fillRect(rect, mixed(scene.theme.background, scene.theme.text, 0.22));
    painter.fillRect(rect, QBrush(mixed(scene.theme.background, scene.theme.text, 0.42), Qt::FDiagPattern));
}

void paintHeatmap(QPainter &painter, const HeatmapScene &scene, const QRect &clip)
{
    painter.save();
    painter.setClipRect(clip);
    for (int i = 0; i < scene.layout.facets.size(); ++i) {
        // A single new cell, the usual case while a sweep runs: nothing around the cells changes.
        if (scene.layout.facets[i].cells.contains(clip)) {
            drawCells(painter, scene, i, clip);
            painter.restore();
            return;
        }
    }
    painter.fillRect(clip, scene.theme.background);
    double lowest[2] = {0, 0}, highest[2] = {0, 0};
    for (const HeatmapFacet &facet : scene.view.facets) {
        for (bool rows : {false, true}) {
            for (int i = 0; i < (rows ? facet.rows : facet.columns); ++i) {
                const double sum = rows ? rowSum(facet, i) : columnSum(facet, i);
                if (!std::isnan(sum)) {
                    lowest[rows] = std::min(lowest[rows], sum);
                    highest[rows] = std::max(highest[rows], sum);
                }
            }
        }
    }
    for (int i = 0; i < scene.layout.facets.size(); ++i) {
        drawCells(painter, scene, i, clip);
        if (!scene.layout.facets[i].rowSums.contains(clip) && !scene.layout.facets[i].columnSums.contains(clip)
            && !scene.layout.readout.contains(clip))
            drawFacetFurniture(painter, scene, i);
        for (bool rows : {false, true})
            drawSums(painter, scene, i, lowest[rows], highest[rows], rows);
    }
    if (clip.intersects(scene.layout.title)) {
        QFont bold = scene.font;
        bold.setBold(true);
        painter.setFont(bold);
        painter.setPen(scene.theme.text);
        painter.drawText(scene.layout.title, Qt::AlignLeft | Qt::AlignVCenter,
                         fittedText(painter.fontMetrics(), scene.view.title, scene.layout.title.width()));
    }
    if (clip.intersects(scene.layout.colourBar.united(scene.layout.colourLabel)))
        drawColourBar(painter, scene);
    if (clip.intersects(scene.layout.readout))
        drawStateLegend(&painter, scene);
    painter.restore();
}

} // namespace patchbay::widgets
