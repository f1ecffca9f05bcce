#include "scatter_widget.h"

#include "colour_map.h"
#include "point_labels.h"
#include "view_text.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patchbay::widgets {

constexpr double scatterReach = 12;

ScatterWidget::ScatterWidget(QWidget *parent) : HeadPlot(tr("Scatter plot"), tr("No run yet"), parent) {}

void ScatterWidget::setView(const ScatterView &view)
{
    m_view = view;
    m_oneHead = view.points.size() > 1
        && std::all_of(view.points.begin(), view.points.end(), [&](const ScatterPoint &point) { return point.head == view.points.first().head; });
    newView(view.title);
}

void ScatterWidget::setOutlierLabels(int count)
{
    m_outliers = count;
    update();
}

QPointF ScatterWidget::pixelOf(int point) const
{
    return m_pixels.value(point);
}

QString ScatterWidget::pointName(const ScatterPoint &point) const
{
    return point.label.isEmpty() ? label(point.head) : point.label;
}

bool ScatterWidget::isSelected(int point) const
{
    return !m_oneHead && m_selection.contains(m_view.points[point].head);
}

void ScatterWidget::relayout()
{
    QVector<double> x, y;
    for (const ScatterPoint &point : m_view.points) {
        x.append(point.x);
        y.append(point.y);
    }
    m_axes.x = paddedRange(x, m_view.zeroLines);
    m_axes.y = paddedRange(y, m_view.zeroLines);
    const int line = fontMetrics().height();
    const int top = 8 + (m_view.title.isEmpty() ? 0 : line + 6) + (m_view.series.size() > 1 ? line + 4 : 0) + 4;
    const int bottom = line + 10;
    const AxisRoom room = axisRoom(m_axes.y, font(), height() - top - bottom);
    m_axes.area = QRect(8 + room.left, top, std::max(20, width() - 8 - room.left - 14), std::max(20, height() - top - bottom - room.bottom));
    m_pixels.clear();
    for (const ScatterPoint &point : m_view.points)
        m_pixels.append(m_axes.toPixel(point.x, point.y));
    update();
}

int ScatterWidget::markAt(QPointF point) const
{
    return nearestPoint(m_pixels, point, scatterReach);
}

QString ScatterWidget::readoutOf(int mark) const
{
    const ScatterPoint &at = m_view.points[mark];
    const QString text = QStringLiteral("%1   %2: %3   %4: %5").arg(pointName(at), m_view.xLabel, valueWithUnit(at.x, {}), m_view.yLabel, valueWithUnit(at.y, {}));
    return m_view.series.size() > 1 ? text + QStringLiteral("   ") + m_view.series.value(at.series) : text;
}

void ScatterWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    drawTitle(painter, theme, m_view.title, 8);
    drawLegend(painter, theme);
    drawAxes(painter, m_axes, m_view.xLabel, m_view.yLabel, font(), theme, m_view.zeroLines, m_view.diagonal);
    drawPoints(painter, theme);
    drawLasso(painter, theme);
    drawReadout(painter, theme, m_oneHead ? tr("Point at a dot to name it") : tr("Drag around points to select them"));
}

void ScatterWidget::drawLasso(QPainter &painter, const Theme &theme)
{
    if (m_lasso.isEmpty())
        return;
    QColor fill = theme.selection;
    fill.setAlphaF(0.15f);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.selection, 1.5));
    painter.setBrush(fill);
    painter.drawPolygon(m_lasso);
    painter.setRenderHint(QPainter::Antialiasing, false);
}

void ScatterWidget::drawLegend(QPainter &painter, const Theme &theme)
{
    if (m_view.series.size() < 2)
        return;
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(scaledFont(font(), 0.92));
    const int line = fontMetrics().height();
    const int y = 8 + (m_view.title.isEmpty() ? 0 : line + 6);
    int x = m_axes.area.left();
    for (int i = 0; i < m_view.series.size(); ++i) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(seriesColour(i, theme.dark));
        painter.drawEllipse(QPointF(x + 4, y + line / 2.0), 4, 4);
        painter.setPen(theme.text);
        const int wide = painter.fontMetrics().horizontalAdvance(m_view.series[i]);
        painter.drawText(QRect(x + 13, y, wide + 2, line), Qt::AlignLeft | Qt::AlignVCenter, m_view.series[i]);
        x += wide + 13 + 18;
    }
    painter.restore();
}

void ScatterWidget::drawPoints(QPainter &painter, const Theme &theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double radius = m_view.points.size() > 1000 ? 2.5 : m_view.points.size() > 200 ? 3 : 4;
    QVector<int> selected;
    for (int i = 0; i < m_view.points.size(); ++i) {
        if (isSelected(i)) {
            selected.append(i);
            continue;
        }
        QColor colour = seriesColour(m_view.points[i].series, theme.dark);
        colour.setAlphaF(0.72f);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        painter.drawEllipse(m_pixels[i], radius, radius);
    }
    for (int i : selected) {
        painter.setPen(QPen(theme.casing, 1));
        painter.setBrush(theme.selection);
        painter.drawEllipse(m_pixels[i], radius + 2, radius + 2);
    }
    if (hover() >= 0) {
        painter.setPen(QPen(theme.hover, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(m_pixels[hover()], radius + 4, radius + 4);
    }
    drawNames(painter, theme, selected, radius);
    painter.restore();
}

// The point under the pointer, then the selected ones, then outliers, as far as they find room.
void ScatterWidget::drawNames(QPainter &painter, const Theme &theme, const QVector<int> &selected, double radius)
{
    QVector<int> named;
    if (hover() >= 0)
        named.append(hover());
    for (int i : selected.size() <= 40 ? selected : QVector<int>{})
        if (!named.contains(i))
            named.append(i);
    for (int i : m_oneHead ? QVector<int>{} : outliers(m_pixels, m_outliers))
        if (!named.contains(i))
            named.append(i);
    painter.setFont(scaledFont(font(), 0.88));
    QVector<QPointF> anchors;
    QVector<QSizeF> sizes;
    for (int i : named) {
        anchors.append(m_pixels[i]);
        sizes.append(QSizeF(painter.fontMetrics().horizontalAdvance(pointName(m_view.points[i])) + 2, painter.fontMetrics().height()));
    }
    const QVector<QRectF> places = placeLabels(anchors, sizes, m_pixels, m_axes.area, radius + 4);
    for (int i = 0; i < named.size(); ++i) {
        if (places[i].isNull())
            continue;
        painter.setPen(named[i] == hover() || isSelected(named[i]) ? theme.text : theme.dimText);
        painter.drawText(places[i], Qt::AlignCenter, pointName(m_view.points[named[i]]));
    }
}

void ScatterWidget::mouseMoveEvent(QMouseEvent *event)
{
    const QPoint point = event->position().toPoint();
    if ((event->buttons() & Qt::LeftButton) && m_press.x() >= 0 && !m_oneHead
        && (!m_lasso.isEmpty() || (point - m_press).manhattanLength() >= QApplication::startDragDistance())) {
        if (m_lasso.isEmpty())
            m_lasso << m_press;
        m_lasso << point;
        update();
        return;
    }
    HeadPlot::mouseMoveEvent(event);
}

void ScatterWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton)
        m_press = event->position().toPoint();
}

void ScatterWidget::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || m_press.x() < 0)
        return;
    m_press = {-1, -1};
    const QPolygonF lasso = std::exchange(m_lasso, {});
    if (!lasso.isEmpty()) {
        QVector<HeadId> heads = event->modifiers() & Qt::ControlModifier ? m_selection.heads : QVector<HeadId>{};
        for (int i : pointsInLasso(m_pixels, lasso)) {
            if (m_view.points[i].head.valid() && !heads.contains(m_view.points[i].head))
                heads.append(m_view.points[i].head);
        }
        finishSelection(m_selection.assign(heads));
        return;
    }
    const int point = markAt(event->position());
    const HeadId head = point >= 0 ? m_view.points[point].head : HeadId{};
    // Shift has no block to extend here: it adds, as Ctrl does.
    if (!m_oneHead)
        finishSelection(m_selection.click(head, event->modifiers() & Qt::ShiftModifier ? Qt::KeyboardModifiers(Qt::ControlModifier) : event->modifiers()));
    if (point >= 0) {
        Q_EMIT pointClicked(point);
        Q_EMIT clicked(head);
    }
}

void ScatterWidget::keyPressEvent(QKeyEvent *event)
{
    if (!m_view.points.isEmpty() && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        // From point to point in the order of x.
        QVector<int> order(m_view.points.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return m_view.points[a].x < m_view.points[b].x; });
        const auto at = order.indexOf(hover());
        const auto next = at < 0 ? 0 : std::clamp<qsizetype>(at + (event->key() == Qt::Key_Left ? -1 : 1), 0, order.size() - 1);
        setHover(order[next]);
    } else if (event->key() == Qt::Key_Space && hover() >= 0 && !m_oneHead) {
        finishSelection(m_selection.click(m_view.points[hover()].head, event->modifiers()));
    } else if (event->key() == Qt::Key_Escape && (!m_selection.heads.isEmpty() || !m_lasso.isEmpty())) {
        m_lasso = {};
        m_press = {-1, -1};
        finishSelection(m_selection.clear());
    } else {
        HeadPlot::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
