#include "heatmap_furniture.h"

#include "colour_map.h"
#include "view_text.h"

#include <QCoreApplication>
#include <QFontMetrics>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace patchbay::widgets {
namespace {

/// Text written upwards, in a lane as seen on the screen.
void drawTurned(QPainter &painter, const QRect &lane, int flags, const QString &text)
{
    painter.save();
    painter.translate(lane.left(), lane.bottom() + 1);
    painter.rotate(-90);
    painter.drawText(QRect(0, 0, lane.height(), lane.width()), flags | Qt::TextDontClip, text);
    painter.restore();
}

QString columnTick(const HeatmapView &view, int column)
{
    return column < view.xTicks.size() ? visibleToken(view.xTicks[column]) : QString::number(column);
}

} // namespace

double valueAt(const HeatmapFacet &facet, int row, int column)
{
    const qsizetype cell = qsizetype(row) * facet.columns + column;
    return cell < facet.values.size() ? facet.values[cell] : std::numeric_limits<double>::quiet_NaN();
}

CellState stateAt(const HeatmapFacet &facet, int row, int column)
{
    const qsizetype cell = qsizetype(row) * facet.columns + column;
    if (cell < facet.states.size() && facet.states[cell] == CellState::Undefined)
        return CellState::Undefined;
    if (std::isnan(valueAt(facet, row, column)))
        return CellState::Missing;
    return cell < facet.states.size() ? facet.states[cell] : CellState::Exact;
}

void drawXTick(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, int column)
{
    const QRect cell = place.cellRect(0, column);
    const QString text = columnTick(scene.view, column);
    if (!scene.layout.rotatedTicks) {
        painter.drawText(QRect(cell.center().x() - 30, place.xTicks.top(), 61, place.xTicks.height()),
                         Qt::AlignHCenter | Qt::AlignTop, text);
        return;
    }
    const int line = painter.fontMetrics().height();
    const QString shown = painter.fontMetrics().elidedText(text, Qt::ElideRight, place.xTicks.height() + 1);
    drawTurned(painter, QRect(cell.center().x() - line / 2, place.xTicks.top(), line, place.xTicks.height()),
               Qt::AlignRight | Qt::AlignVCenter, shown);
}

void drawYTick(QPainter &painter, const HeatmapScene &scene, const FacetLayout &place, int row)
{
    const QRect cell = place.cellRect(row, 0);
    painter.drawText(QRect(place.yTicks.left() - 20, cell.center().y() - 20, place.yTicks.width() + 20, 41),
                     Qt::AlignRight | Qt::AlignVCenter, scene.view.yTicks.value(row, QString::number(row)));
}

void drawFacetFurniture(QPainter &painter, const HeatmapScene &scene, int index)
{
    const FacetLayout &place = scene.layout.facets[index];
    painter.setFont(scene.font);
    painter.setPen(scene.theme.text);
    if (!place.title.isEmpty())
        painter.drawText(place.title, Qt::AlignLeft | Qt::AlignVCenter,
                         fittedText(painter.fontMetrics(), scene.view.facets[index].title, place.title.width()));
    painter.setFont(scaledFont(scene.font, 0.88));
    painter.setPen(scene.theme.dimText);
    for (int column = 0; column < place.columns; column += place.xTickStep)
        drawXTick(painter, scene, place, column);
    for (int row = 0; row < place.rows; row += place.yTickStep)
        drawYTick(painter, scene, place, row);
    const int line = painter.fontMetrics().height();
    painter.drawText(QRect(place.cells.left() - 40, place.xTicks.bottom() + 2, place.cells.width() + 80, line),
                     Qt::AlignCenter, scene.view.xLabel);
    drawTurned(painter, QRect(place.yTicks.left() - 4 - line, place.cells.top(), line, place.cells.height()),
               Qt::AlignCenter, scene.view.yLabel);
    if (!place.rowSums.isEmpty())
        painter.drawText(
            QRect(place.rowSums.left(), place.columnSums.top(), place.rowSums.width(), place.columnSums.height()),
            Qt::AlignLeft | Qt::AlignBottom, QStringLiteral("Σ"));
}

void drawColourBar(QPainter &painter, const HeatmapScene &scene)
{
    const QRect bar = scene.layout.colourBar;
    if (bar.isEmpty())
        return;
    const auto [low, high] = colourEnds(scene.view, scene.map, scene.limit);
    for (int y = bar.top(); y <= bar.bottom(); ++y) {
        const double share = 1 - (y - bar.top() + 0.5) / bar.height();
        painter.fillRect(QRect(bar.left(), y, bar.width(), 1),
                         colourOn(scene.theme.background, scene.map, low + share * (high - low), scene.limit));
    }
    painter.setPen(scene.theme.line);
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(bar.adjusted(-1, -1, 0, 0));
    painter.setFont(scaledFont(scene.font, 0.88));
    const int line = painter.fontMetrics().height();
    const auto ticks = niceTicks(low, high, std::clamp(bar.height() / (2 * line), 3, 9));
    const int decimals = ticks.size() > 1 ? tickDecimals(ticks[1] - ticks[0]) : 1;
    for (double tick : ticks) {
        const int y = bar.bottom() - int(std::lround((tick - low) / (high - low) * (bar.height() - 1)));
        painter.setPen(scene.theme.line);
        painter.drawLine(bar.right() + 1, y, bar.right() + 3, y);
        painter.setPen(scene.theme.dimText);
        painter.drawText(QRect(bar.right() + 6, y - line / 2, 80, line), Qt::AlignLeft | Qt::AlignVCenter,
                         barTickText(scene.view, tick, decimals));
    }
    QString text = scene.view.colourLabel;
    if (!scene.view.unit.isEmpty())
        text += (text.isEmpty() ? QString() : QStringLiteral(" ")) + '(' + scene.view.unit + ')';
    if (scene.view.limitLocked)
        text += QCoreApplication::translate("HeatmapWidget", " · locked");
    const double longer =
        double(painter.fontMetrics().horizontalAdvance(text)) / std::max(1, scene.layout.colourLabel.height() - 4);
    if (longer > 1) // smaller rather than cut
        painter.setFont(scaledFont(scene.font, 0.88 / longer));
    drawTurned(painter, scene.layout.colourLabel, Qt::AlignCenter, text);
}

int drawStateLegend(QPainter *painter, const HeatmapScene &scene)
{
    bool missing = false, estimated = false, undefined = false, noise = false;
    for (const HeatmapFacet &facet : scene.view.facets) {
        for (int row = 0; row < facet.rows; ++row) {
            for (int column = 0; column < facet.columns; ++column) {
                const CellState state = stateAt(facet, row, column);
                missing = missing || state == CellState::Missing;
                estimated = estimated || state == CellState::Estimated;
                undefined = undefined || state == CellState::Undefined;
                noise = noise || facet.withinNoise(qsizetype(row) * facet.columns + column);
            }
        }
    }
    const QFont font = scaledFont(scene.font, 0.88);
    const QFontMetrics metrics(font);
    const QRect lane = scene.layout.readout;
    const int side = 11, baseTop = lane.top() + (lane.height() - side) / 2;
    int right = lane.right();
    const auto entry = [&](const QString &text, const std::function<void(const QRect &)> &fill) {
        const int width = metrics.horizontalAdvance(text);
        const QRect box(right - width - side - 5, baseTop, side, side);
        const int textLeft = right - width;
        right = box.left() - 12;
        if (!painter)
            return;
        painter->setFont(font);
        painter->setPen(scene.theme.dimText);
        painter->drawText(QRect(textLeft, lane.top(), width + 2, lane.height()), Qt::AlignLeft | Qt::AlignVCenter,
                          text);
        fill(box);
        painter->setPen(scene.theme.line);
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(box.adjusted(-1, -1, 0, 0));
    };
    const auto pattern = [&](Qt::BrushStyle style) {
        return [painter, style, &scene](const QRect &box) { painter->fillRect(box, QBrush(scene.theme.line, style)); };
    };
    if (missing)
        entry(QStringLiteral("not yet computed"), pattern(Qt::BDiagPattern));
    if (undefined)
        entry(QStringLiteral("not defined"), pattern(Qt::DiagCrossPattern));
    if (estimated)
        entry(QStringLiteral("estimate"), [painter, &scene](const QRect &box) {
            const QColor colour = mixed(colourOn(scene.theme.background, scene.map, 0.35 * scene.limit, scene.limit),
                                        scene.theme.background, 0.4);
            painter->fillRect(box, colour);
            for (int i = 0; i < 5; ++i)
                painter->fillRect(QRect(box.right() - 4 + i, box.top() + i, 5 - i, 1),
                                  mixed(textOn(colour), colour, 0.45));
        });
    if (!scene.view.masked.isEmpty())
        entry(QStringLiteral("masked"), [painter, &scene](const QRect &box) { fillMasked(*painter, scene, box); });
    if (noise)
        entry(QStringLiteral("within noise"), [painter, &scene](const QRect &box) {
            painter->fillRect(box, cellColour(scene, 0, CellState::Exact, true));
        });
    return lane.right() - right;
}

} // namespace patchbay::widgets
