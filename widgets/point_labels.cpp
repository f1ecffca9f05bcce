#include "point_labels.h"

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

int nearestPoint(const QVector<QPointF> &points, QPointF at, double reach)
{
    int best = -1;
    double bestDistance = reach * reach;
    for (int i = 0; i < points.size(); ++i) {
        const QPointF offset = points[i] - at;
        const double distance = QPointF::dotProduct(offset, offset);
        if (distance <= bestDistance) {
            best = i;
            bestDistance = distance;
        }
    }
    return best;
}

QVector<int> pointsInLasso(const QVector<QPointF> &points, const QPolygonF &lasso)
{
    QVector<int> inside;
    if (lasso.size() < 3)
        return inside;
    for (int i = 0; i < points.size(); ++i) {
        if (lasso.containsPoint(points[i], Qt::OddEvenFill))
            inside.append(i);
    }
    return inside;
}

static double medianOf(QVector<double> values)
{
    if (values.isEmpty())
        return 0;
    const auto middle = values.begin() + values.size() / 2;
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

QVector<int> outliers(const QVector<QPointF> &points, int count)
{
    QVector<double> x, y;
    for (const QPointF &point : points) {
        x.append(point.x());
        y.append(point.y());
    }
    const double centreX = medianOf(x), centreY = medianOf(y);
    double spreadX = 0, spreadY = 0;
    for (const QPointF &point : points) {
        spreadX += std::abs(point.x() - centreX) / double(points.size());
        spreadY += std::abs(point.y() - centreY) / double(points.size());
    }
    const auto distance = [&](int i) {
        return std::hypot(spreadX > 0 ? (points[i].x() - centreX) / spreadX : 0,
                          spreadY > 0 ? (points[i].y() - centreY) / spreadY : 0);
    };
    QVector<int> found;
    for (int i = 0; i < points.size(); ++i) {
        if (distance(i) > 3)
            found.append(i);
    }
    std::sort(found.begin(), found.end(), [&](int a, int b) { return distance(a) > distance(b); });
    found.resize(std::min<qsizetype>(found.size(), count));
    return found;
}

QVector<QRectF> placeLabels(const QVector<QPointF> &anchors, const QVector<QSizeF> &sizes,
                            const QVector<QPointF> &allPoints, const QRectF &bounds, double gap)
{
    QVector<QRectF> placed(anchors.size());
    for (int i = 0; i < anchors.size() && i < sizes.size(); ++i) {
        const QPointF at = anchors[i];
        const QSizeF size = sizes[i];
        const double w = size.width(), h = size.height(), slant = gap * 0.7;
        const QPointF corners[] = {{at.x() + gap, at.y() - h / 2},           {at.x() - gap - w, at.y() - h / 2},
                                   {at.x() - w / 2, at.y() - gap - h},       {at.x() - w / 2, at.y() + gap},
                                   {at.x() + slant, at.y() - slant - h},     {at.x() + slant, at.y() + slant},
                                   {at.x() - slant - w, at.y() - slant - h}, {at.x() - slant - w, at.y() + slant}};
        // A label that hides points says less than it hides; the first one, what the user points at, is shown all the
        // same.
        auto fewestPoints = i == 0 ? allPoints.size() + 1 : 2;
        for (const QPointF &corner : corners) {
            const QRectF candidate(corner, size);
            const bool free = bounds.contains(candidate)
                && std::none_of(placed.begin(), placed.begin() + i,
                                [&](const QRectF &other) { return other.intersects(candidate); });
            if (!free)
                continue;
            const QRectF withDots = candidate.adjusted(-gap / 2, -gap / 2, gap / 2, gap / 2);
            const auto covered = std::count_if(allPoints.begin(), allPoints.end(),
                                               [&](const QPointF &point) { return withDots.contains(point); });
            if (covered < fewestPoints) {
                fewestPoints = covered;
                placed[i] = candidate;
            }
        }
    }
    return placed;
}

} // namespace patchbay::widgets
