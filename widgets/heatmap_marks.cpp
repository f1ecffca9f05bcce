#include "heatmap_furniture.h"
#include "view_text.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>
#include <cstdlib>

namespace patchbay::widgets {
namespace {

void drawSelection(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, const HeatmapMarks &marks)
{
    const QRect sample = place.cellRect(0, 0);
    const bool large = std::min(sample.width(), sample.height()) >= 9;
    painter.setBrush(Qt::NoBrush);
    for (HeadId head : marks.selected) {
        const QRect cell = place.cellRect(head.layer, head.head);
        if (cell.isEmpty())
            continue;
        if (large) {
            painter.setPen(QPen(scene.theme.casing, 1));
            painter.drawRect(cell.adjusted(2, 2, -4, -4));
        }
        painter.setPen(QPen(scene.theme.selection, 2));
        painter.drawRect(cell.adjusted(0, 0, 0, 0));
    }
    if (marks.current.valid() && large && !marks.selected.contains(marks.current)) {
        painter.setPen(QPen(scene.theme.selection, 1, Qt::DotLine));
        painter.drawRect(place.cellRect(marks.current.layer, marks.current.head).adjusted(0, 0, -1, -1));
    }
}

void drawCrosshair(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, const CellRef &hover)
{
    const QRect cell = place.cellRect(hover.row, hover.column);
    if (cell.isEmpty())
        return;
    QColor band = scene.theme.hover;
    band.setAlphaF(0.10f);
    painter.fillRect(QRect(place.cells.left(), cell.top(), cell.left() - place.cells.left(), cell.height()), band);
    painter.fillRect(QRect(cell.right() + 1, cell.top(), place.cells.right() - cell.right(), cell.height()), band);
    painter.fillRect(QRect(cell.left(), place.cells.top(), cell.width(), cell.top() - place.cells.top()), band);
    painter.fillRect(QRect(cell.left(), cell.bottom() + 1, cell.width(), place.cells.bottom() - cell.bottom()), band);
    painter.setPen(QPen(scene.theme.hover, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(cell.adjusted(-1, -1, 0, 0));

    // The ticks of the cell's row and column, bold, over whatever tick was there.
    QFont bold = scaledFont(scene.font, 0.88);
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(scene.theme.text);
    const QFontMetrics metrics(bold);
    // A neighbouring tick that would touch is taken out whole: half a number misleads.
    const auto half = [&](int column) {
        return scene.layout.rotatedTicks ? metrics.height() / 2
                                         : metrics.horizontalAdvance(QString::number(column)) / 2 + 1;
    };
    const auto erase = [&](int column) {
        const int x = place.cellRect(0, column).center().x();
        painter.fillRect(QRect(x - half(column) - 1, place.xTicks.top(), 2 * half(column) + 2, place.xTicks.height()),
                         scene.theme.background);
    };
    for (int column = 0; column < place.columns; column += place.xTickStep) {
        if (std::abs(place.cellRect(0, column).center().x() - cell.center().x())
            < half(column) + half(hover.column) + 2)
            erase(column);
    }
    erase(hover.column);
    painter.fillRect(QRect(place.yTicks.left() - 2, cell.center().y() - metrics.height() / 2, place.yTicks.width() + 3,
                           metrics.height()),
                     scene.theme.background);
    drawXTick(painter, scene, place, hover.column);
    drawYTick(painter, scene, place, hover.row);
}

} // namespace

void paintHeatmapMarks(QPainter &painter, const HeatmapScene &scene, const HeatmapMarks &marks)
{
    for (const FacetLayout &place : scene.layout.facets) {
        if (marks.hover.valid())
            drawCrosshair(painter, scene, place, marks.hover);
        drawSelection(painter, scene, place, marks);
    }
    if (!marks.band.isEmpty()) {
        QColor fill = scene.theme.selection;
        fill.setAlphaF(0.18f);
        painter.setPen(scene.theme.selection);
        painter.setBrush(fill);
        painter.drawRect(marks.band);
    }
    painter.setFont(scene.font);
    painter.setPen(marks.readoutIsHint ? scene.theme.dimText : scene.theme.text);
    const QRect lane = scene.layout.readout;
    const int width = painter.fontMetrics().horizontalAdvance(marks.readout) + 8;
    // The number read out matters more than the legend of cell states.
    if (width > lane.width() - drawStateLegend(nullptr, scene))
        painter.fillRect(marks.readoutIsHint ? QRect() : lane, scene.theme.background);
    const int room = marks.readoutIsHint ? lane.width() - drawStateLegend(nullptr, scene) : lane.width();
    painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, fittedText(painter.fontMetrics(), marks.readout, room));
}

} // namespace patchbay::widgets
