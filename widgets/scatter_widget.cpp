#include "scatter_widget.h"

#include "colour_map.h"
#include "point_labels.h"
#include "view_text.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patchbay::widgets {

constexpr double scatterReach = 12;

ScatterWidget::ScatterWidget(QWidget *parent) : QWidget(parent), m_emptyText(tr("No run yet"))
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Scatter plot"));
}

void ScatterWidget::setView(const ScatterView &view)
{
    m_view = view;
    m_hover = -1;
    m_oneHead = view.points.size() > 1
        && std::all_of(view.points.begin(), view.points.end(), [&](const ScatterPoint &point) { return point.head == view.points.first().head; });
    setAccessibleName(view.title.isEmpty() ? tr("Scatter plot") : tr("Scatter plot: %1").arg(view.title));
    relayout();
}

void ScatterWidget::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void ScatterWidget::setOutlierLabels(int count)
{
    m_outliers = count;
    update();
}

void ScatterWidget::setSelection(const QVector<HeadId> &heads)
{
    if (m_selection.assign(heads))
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

void ScatterWidget::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    if (m_view.points.isEmpty()) {
        drawEmptyState(painter, rect(), m_emptyText, theme);
    } else {
        painter.fillRect(rect(), theme.background);
        const int line = fontMetrics().height();
        QFont bold = font();
        bold.setBold(true);
        painter.setFont(bold);
        painter.setPen(theme.text);
        painter.drawText(QRect(8, 8, width() - 16, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(m_view.title, Qt::ElideRight, width() - 16));
        drawLegend(painter, theme);
        drawAxes(painter, m_axes, m_view.xLabel, m_view.yLabel, font(), theme, m_view.zeroLines, m_view.diagonal);
        drawPoints(painter, theme);
        if (!m_lasso.isEmpty()) {
            QColor fill = theme.selection;
            fill.setAlphaF(0.15f);
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(QPen(theme.selection, 1.5));
            painter.setBrush(fill);
            painter.drawPolygon(m_lasso);
            painter.setRenderHint(QPainter::Antialiasing, false);
        }
        painter.setFont(font());
        painter.setPen(m_hover >= 0 ? theme.text : theme.dimText);
        const QString text = m_hover >= 0 ? m_readout : m_oneHead ? tr("Point at a dot to name it") : tr("Drag around points to select them");
        const QRect lane(8, height() - line - 5, width() - 16, line);
        painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text, Qt::ElideRight, lane.width()));
    }
    if (hasFocus())
        drawFocusFrame(painter, rect(), theme);
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
    if (m_hover >= 0) {
        painter.setPen(QPen(theme.hover, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(m_pixels[m_hover], radius + 4, radius + 4);
    }

    // Names: the point under the pointer, then the selected ones, then outliers, as far as they find room.
    QVector<int> named;
    if (m_hover >= 0)
        named.append(m_hover);
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
        painter.setPen(named[i] == m_hover || isSelected(named[i]) ? theme.text : theme.dimText);
        painter.drawText(places[i], Qt::AlignCenter, pointName(m_view.points[named[i]]));
    }
    painter.restore();
}

void ScatterWidget::setHover(int point)
{
    if (point == m_hover)
        return;
    m_hover = point;
    m_readout.clear();
    if (point >= 0) {
        const ScatterPoint &at = m_view.points[point];
        m_readout = QStringLiteral("%1   %2: %3   %4: %5").arg(pointName(at), m_view.xLabel, valueWithUnit(at.x, {}), m_view.yLabel, valueWithUnit(at.y, {}));
        if (m_view.series.size() > 1)
            m_readout += QStringLiteral("   ") + m_view.series.value(at.series);
    }
    setAccessibleDescription(m_readout);
    update();
    Q_EMIT hovered(point >= 0 ? m_view.points[point].head : HeadId{});
}

void ScatterWidget::finishSelection(bool changed)
{
    update();
    if (changed)
        Q_EMIT selectionChanged(m_selection.heads);
}

void ScatterWidget::resizeEvent(QResizeEvent *)
{
    relayout();
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
    setHover(nearestPoint(m_pixels, event->position(), scatterReach));
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
    const int point = nearestPoint(m_pixels, event->position(), scatterReach);
    const HeadId head = point >= 0 ? m_view.points[point].head : HeadId{};
    // Shift has no block to extend here: it adds, as Ctrl does.
    if (!m_oneHead)
        finishSelection(m_selection.click(head, event->modifiers() & Qt::ShiftModifier ? Qt::KeyboardModifiers(Qt::ControlModifier) : event->modifiers()));
    if (point >= 0) {
        Q_EMIT pointClicked(point);
        Q_EMIT clicked(head);
    }
}

void ScatterWidget::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int point = nearestPoint(m_pixels, event->position(), scatterReach);
    if (point >= 0 && m_view.points[point].head.valid())
        Q_EMIT activated(m_view.points[point].head);
}

void ScatterWidget::leaveEvent(QEvent *)
{
    setHover(-1);
}

void ScatterWidget::keyPressEvent(QKeyEvent *event)
{
    if (!m_view.points.isEmpty() && (event->key() == Qt::Key_Left || event->key() == Qt::Key_Right)) {
        // From point to point in the order of x.
        QVector<int> order(m_view.points.size());
        std::iota(order.begin(), order.end(), 0);
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return m_view.points[a].x < m_view.points[b].x; });
        const auto at = order.indexOf(m_hover);
        const auto next = at < 0 ? 0 : std::clamp<qsizetype>(at + (event->key() == Qt::Key_Left ? -1 : 1), 0, order.size() - 1);
        setHover(order[next]);
    } else if (event->key() == Qt::Key_Space && m_hover >= 0 && !m_oneHead) {
        finishSelection(m_selection.click(m_view.points[m_hover].head, event->modifiers()));
    } else if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && m_hover >= 0) {
        Q_EMIT activated(m_view.points[m_hover].head);
    } else if (event->key() == Qt::Key_Escape && (!m_selection.heads.isEmpty() || !m_lasso.isEmpty())) {
        m_lasso = {};
        m_press = {-1, -1};
        finishSelection(m_selection.clear());
    } else {
        QWidget::keyPressEvent(event);
    }
}

void ScatterWidget::contextMenuEvent(QContextMenuEvent *event)
{
    const int point = event->reason() == QContextMenuEvent::Keyboard ? m_hover : nearestPoint(m_pixels, event->pos(), scatterReach);
    if (point >= 0 && m_view.points[point].head.valid())
        Q_EMIT contextMenuRequested(m_view.points[point].head, mapToGlobal(m_pixels[point].toPoint()));
}

void ScatterWidget::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        relayout();
}

void ScatterWidget::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void ScatterWidget::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace patchbay::widgets
