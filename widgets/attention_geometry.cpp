#include "attention_geometry.h"

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

int AttentionGeometry::extent() const
{
    return int(std::lround(size * cell));
}

QRect AttentionGeometry::visible() const
{
    return QRect(area.left() - scroll.x(), area.top() - scroll.y(), extent(), extent()).intersected(area);
}

QRectF AttentionGeometry::visibleCells() const
{
    const QRect seen = visible();
    return QRectF((seen.left() - area.left() + scroll.x()) / cell, (seen.top() - area.top() + scroll.y()) / cell,
                  seen.width() / cell, seen.height() / cell);
}

QRect AttentionGeometry::cellRect(int row, int column) const
{
    const auto edge = [this](int i) { return int(std::lround(i * cell)); };
    return QRect(QPoint(area.left() - scroll.x() + edge(column), area.top() - scroll.y() + edge(row)),
                 QPoint(area.left() - scroll.x() + std::max(edge(column) + 1, edge(column + 1)) - 1,
                        area.top() - scroll.y() + std::max(edge(row) + 1, edge(row + 1)) - 1));
}

static int cellIndex(int place, double cell, int size)
{
    const int index = int(std::floor((place + 0.5) / cell));
    return index >= 0 && index < size ? index : -1;
}

int AttentionGeometry::rowAt(int y) const
{
    return y < area.top() || y > area.bottom() ? -1 : cellIndex(y - area.top() + scroll.y(), cell, size);
}

int AttentionGeometry::columnAt(int x) const
{
    return x < area.left() || x > area.right() ? -1 : cellIndex(x - area.left() + scroll.x(), cell, size);
}

double fittingCell(int size, QSize area)
{
    if (size <= 0)
        return 1;
    const double fit = std::clamp(std::min(area.width(), area.height()) / double(size), 0.1, 56.0);
    return fit >= 4 ? std::floor(fit) : fit;
}

AttentionGeometry layoutAttention(int size, QSize viewport, const AttentionFrame &frame, double cell, QPoint scroll)
{
    AttentionGeometry geometry;
    geometry.size = size;
    geometry.area = QRect(frame.left, frame.top, std::max(1, viewport.width() - frame.left - frame.right),
                          std::max(1, viewport.height() - frame.top - frame.bottom));
    geometry.cell = cell > 0 ? cell : fittingCell(size, geometry.area.size());
    const int extent = geometry.extent();
    geometry.scroll = QPoint(std::clamp(scroll.x(), 0, std::max(0, extent - geometry.area.width())),
                             std::clamp(scroll.y(), 0, std::max(0, extent - geometry.area.height())));
    return geometry;
}

QVector<bool> thinLabels(int count, double spacing, int line, const QVector<int> &important)
{
    QVector<bool> shown(count, false);
    const auto free = [&](int index) {
        const int reach = int(std::ceil(line / std::max(0.01, spacing)));
        for (int other = std::max(0, index - reach); other <= std::min(count - 1, index + reach); ++other) {
            if (shown[other] && std::abs(other - index) * spacing < line)
                return false;
        }
        return true;
    };
    for (int index : important) {
        if (index >= 0 && index < count && free(index))
            shown[index] = true;
    }
    const int step = std::max(1, int(std::ceil(line / std::max(0.01, spacing))));
    for (int index = 0; index < count; index += step) {
        if (free(index))
            shown[index] = true;
    }
    return shown;
}

} // namespace patchbay::widgets
