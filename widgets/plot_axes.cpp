#include "plot_axes.h"

#include "view_text.h"

#include <QFontMetrics>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

PlotRange paddedRange(const QVector<double> &values, bool withZero)
{
    bool any = false;
    PlotRange range;
    for (double value : values) {
        if (!std::isfinite(value))
            continue;
        range.from = any ? std::min(range.from, value) : value;
        range.to = any ? std::max(range.to, value) : value;
        any = true;
    }
    if (!any)
        return {0, 1};
    if (withZero) {
        range.from = std::min(range.from, 0.0);
        range.to = std::max(range.to, 0.0);
    }
    if (range.span() <= 0) {
        const double half = range.to == 0 ? 0.5 : std::abs(range.to) * 0.5;
        return {range.from - half, range.to + half};
    }
    const double air = range.span() * 0.06;
    return {range.from - air, range.to + air};
}

QPointF PlotAxes::toPixel(double dataX, double dataY) const
{
    return {area.left() + (dataX - x.from) / x.span() * (area.width() - 1),
            area.bottom() - (dataY - y.from) / y.span() * (area.height() - 1)};
}

QPointF PlotAxes::toData(QPointF pixel) const
{
    return {x.from + (pixel.x() - area.left()) / std::max(1, area.width() - 1) * x.span(),
            y.from + (area.bottom() - pixel.y()) / std::max(1, area.height() - 1) * y.span()};
}

static QVector<double> axisTicks(const PlotRange &range, int pixels, int spacing)
{
    return niceTicks(range.from, range.to, std::clamp(pixels / spacing, 2, 9));
}

static int decimalsOf(const QVector<double> &ticks)
{
    return ticks.size() > 1 ? tickDecimals(ticks[1] - ticks[0]) : 1;
}

AxisRoom axisRoom(const PlotRange &y, const QFont &font, int height)
{
    const QFontMetrics metrics(scaledFont(font, 0.88));
    const QVector<double> ticks = axisTicks(y, height, 3 * metrics.height());
    int widest = 0;
    for (double tick : ticks)
        widest = std::max(widest, metrics.horizontalAdvance(tickText(tick, decimalsOf(ticks))));
    return {metrics.height() + 4 + widest + 6, 4 + metrics.height() + 2 + metrics.height() + 2};
}

void drawAxes(QPainter &painter, const PlotAxes &axes, const QString &xLabel, const QString &yLabel, const QFont &font,
              const Theme &theme, bool zeroLines, bool diagonal)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setFont(scaledFont(font, 0.88));
    const QRect area = axes.area;
    const int line = painter.fontMetrics().height();
    const auto xTicks = axisTicks(axes.x, area.width(), 6 * line), yTicks = axisTicks(axes.y, area.height(), 3 * line);
    for (double tick : xTicks) {
        const int x = int(std::lround(axes.toPixel(tick, 0).x()));
        painter.setPen(theme.faintLine);
        painter.drawLine(x, area.top(), x, area.bottom());
        painter.setPen(theme.dimText);
        painter.drawText(QRect(x - 50, area.bottom() + 4, 101, line), Qt::AlignCenter, tickText(tick, decimalsOf(xTicks)));
    }
    for (double tick : yTicks) {
        const int y = int(std::lround(axes.toPixel(0, tick).y()));
        painter.setPen(theme.faintLine);
        painter.drawLine(area.left(), y, area.right(), y);
        painter.setPen(theme.dimText);
        painter.drawText(QRect(area.left() - 106, y - line / 2, 100, line), Qt::AlignRight | Qt::AlignVCenter, tickText(tick, decimalsOf(yTicks)));
    }
    painter.setPen(QPen(theme.line, 1));
    const QPointF zero = axes.toPixel(0, 0);
    if (zeroLines && axes.x.from < 0 && axes.x.to > 0)
        painter.drawLine(QPointF(std::round(zero.x()), area.top()), QPointF(std::round(zero.x()), area.bottom()));
    if (zeroLines && axes.y.from < 0 && axes.y.to > 0)
        painter.drawLine(QPointF(area.left(), std::round(zero.y())), QPointF(area.right(), std::round(zero.y())));
    if (diagonal) {
        const double from = std::max(axes.x.from, axes.y.from), to = std::min(axes.x.to, axes.y.to);
        if (from < to) {
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(QPen(theme.line, 1, Qt::DashLine));
            painter.drawLine(axes.toPixel(from, from), axes.toPixel(to, to));
            painter.setRenderHint(QPainter::Antialiasing, false);
        }
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(theme.line);
    painter.drawRect(area.adjusted(0, 0, -1, -1));

    painter.setPen(theme.text);
    painter.drawText(QRect(area.left(), area.bottom() + 4 + line + 2, area.width(), line), Qt::AlignCenter,
                     painter.fontMetrics().elidedText(xLabel, Qt::ElideRight, area.width()));
    int widest = 0;
    for (double tick : yTicks)
        widest = std::max(widest, painter.fontMetrics().horizontalAdvance(tickText(tick, decimalsOf(yTicks))));
    painter.translate(area.left() - 6 - widest - 4 - line, area.bottom());
    painter.rotate(-90);
    painter.drawText(QRect(0, 0, area.height(), line), Qt::AlignCenter, painter.fontMetrics().elidedText(yLabel, Qt::ElideRight, area.height()));
    painter.restore();
}

} // namespace patchbay::widgets
