// Two linear axes: data ↔ pixels, ranges with air around the data, and how they are drawn.
#pragma once

#include "theme.h"

#include <QFont>
#include <QPointF>
#include <QRect>
#include <QString>
#include <QVector>

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace patchbay::widgets {

struct PlotRange {
    double from = 0, to = 1;
    double span() const { return to - from; }
};

/// The values' range with 6 % of air on both sides; zero is taken in when `withZero`. [0, 1] without finite values.
PlotRange paddedRange(const QVector<double> &values, bool withZero);

struct PlotAxes {
    QRect area; ///< pixels of the data
    PlotRange x, y;

    QPointF toPixel(double dataX, double dataY) const;
    QPointF toData(QPointF pixel) const;
};

/// Pixels that tick texts and axis names need to the left of and below the area.
struct AxisRoom {
    int left = 0, bottom = 0;
};
AxisRoom axisRoom(const PlotRange &y, const QFont &font, int height);

/// Frame, grid, ticks, names and, where asked for, the zero lines and y = x.
void drawAxes(QPainter &painter, const PlotAxes &axes, const QString &xLabel, const QString &yLabel, const QFont &font,
              const Theme &theme, bool zeroLines, bool diagonal);

} // namespace patchbay::widgets
