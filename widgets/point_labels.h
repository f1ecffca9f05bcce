// Picking points on a plane: nearest, inside a lasso, outliers, and labels that do not overlap. Plain geometry.
#pragma once

#include <QPointF>
#include <QPolygonF>
#include <QRectF>
#include <QSizeF>
#include <QVector>

namespace patchbay::widgets {

/// Index of the point nearest to `at` within `reach` pixels; the later one of equals (it is drawn on top); -1: none.
int nearestPoint(const QVector<QPointF> &points, QPointF at, double reach);

/// Indices of the points inside the closed lasso (odd–even rule); none when it has fewer than three corners.
QVector<int> pointsInLasso(const QVector<QPointF> &points, const QPolygonF &lasso);

/// The `count` points farthest from the median point, farthest first; distances are in spreads (mean absolute
/// deviation) of each axis, and a point closer than three spreads is no outlier.
QVector<int> outliers(const QVector<QPointF> &points, int count);

/// Rectangles for labels of the given sizes around their points (right, left, above, below, then the corners), in order
/// of importance; where a label would hide points, the place with the fewest. A null rectangle where no place is free
/// inside `bounds`, or where a label other than the first one would hide two points or more. gap: from the middle of a
/// point to its label, in pixels; dots are taken to be half as large.
QVector<QRectF> placeLabels(const QVector<QPointF> &anchors, const QVector<QSizeF> &sizes,
                            const QVector<QPointF> &allPoints, const QRectF &bounds, double gap);

} // namespace patchbay::widgets
