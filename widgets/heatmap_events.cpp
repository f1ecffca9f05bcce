// Pointer and keyboard of the heatmap.
#include "heatmap_widget.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

void HeatmapWidget::mouseMoveEvent(QMouseEvent *event)
{
    const QPoint point = event->position().toPoint();
    const bool onBar = m_layout.colourBar.adjusted(-4, 0, 4, 0).contains(point);
    setCursor(onBar || m_barLimit > 0 ? Qt::SizeVerCursor : Qt::ArrowCursor);
    if (m_barLimit > 0 && (point - m_press).manhattanLength() >= QApplication::startDragDistance()) {
        const double way = double(m_press.y() - point.y()) / std::max(1, m_layout.colourBar.height());
        Q_EMIT limitDragged(m_barLimit * std::pow(10.0, -2 * way)); // the whole bar is two orders of magnitude
        return;
    }
    if (m_barLimit > 0)
        return;
    if ((event->buttons() & Qt::LeftButton) && m_press.x() >= 0
        && (!m_band.isNull() || (point - m_press).manhattanLength() >= QApplication::startDragDistance())) {
        m_band = QRect(m_press, point).normalized();
        update();
    }
    setHover(m_layout.cellAt(point), point);
}

void HeatmapWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    m_press = event->position().toPoint();
    if (m_layout.colourBar.adjusted(-4, 0, 4, 0).contains(m_press))
        m_barLimit = m_limit;
}

void HeatmapWidget::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton || m_press.x() < 0)
        return;
    const QPoint press = std::exchange(m_press, QPoint(-1, -1));
    if (std::exchange(m_barLimit, 0) > 0) {
        if ((event->position().toPoint() - press).manhattanLength() < QApplication::startDragDistance())
            Q_EMIT rangeRequested(event->globalPosition().toPoint());
        return;
    }
    const QRect band = std::exchange(m_band, QRect());
    CellRef from, to;
    const CellRef cell = m_layout.cellAt(event->position().toPoint());
    const bool wandered = !band.isNull() && m_layout.cellAt(press) != cell;
    if (wandered) {
        bool changed = false;
        if (m_layout.cellsIn(band, press, &from, &to)) {
            changed = m_selection.selectBlock({from.row, from.column}, {to.row, to.column},
                                              event->modifiers() & Qt::ControlModifier);
            m_selection.anchor = {from.row, from.column};
            m_selection.current = {to.row, to.column};
            m_facet = from.facet;
        }
        finishSelection(changed);
        return;
    }
    if (cell.valid())
        m_facet = cell.facet;
    finishSelection(m_selection.click({cell.row, cell.column}, event->modifiers()));
    if (cell.valid()) {
        const HeadId head = m_view.columnsAreHeads ? HeadId{cell.row, cell.column} : HeadId{cell.row, -1};
        Q_EMIT clicked(head, cell.facet);
        Q_EMIT cellClicked(cell.facet, cell.row, cell.column);
    }
}

void HeatmapWidget::mouseDoubleClickEvent(QMouseEvent *event)
{
    const CellRef cell = m_layout.cellAt(event->position().toPoint());
    if (event->button() == Qt::LeftButton && cell.valid() && m_view.columnsAreHeads)
        Q_EMIT activated(HeadId{cell.row, cell.column});
}

void HeatmapWidget::leaveEvent(QEvent *)
{
    setHover({}, {-1, -1});
}

void HeatmapWidget::keyPressEvent(QKeyEvent *event)
{
    if (m_view.facets.isEmpty()) {
        QWidget::keyPressEvent(event);
        return;
    }
    const HeatmapFacet &facet = m_view.facets[currentFacet()];
    const int rows = facet.rows, columns = facet.columns;
    const bool extend = event->modifiers() & Qt::ShiftModifier;
    const bool control = event->modifiers() & Qt::ControlModifier;
    const int row = std::max(0, m_selection.current.layer);
    bool changed = false;
    const auto step = [&](int down, int right) {
        if (event->modifiers() & Qt::AltModifier) // to the next head that Space takes in or out
            m_selection.go(down, right, rows, columns);
        else
            changed = m_selection.move(down, right, rows, columns, extend);
    };
    switch (event->key()) {
    case Qt::Key_Left:
        step(0, -1);
        break;
    case Qt::Key_Right:
        step(0, 1);
        break;
    case Qt::Key_Up:
        step(-1, 0);
        break;
    case Qt::Key_Down:
        step(1, 0);
        break;
    case Qt::Key_Home:
        changed = m_selection.moveTo({control ? 0 : row, 0}, extend);
        break;
    case Qt::Key_End:
        changed = m_selection.moveTo({control ? rows - 1 : row, columns - 1}, extend);
        break;
    case Qt::Key_Space:
        changed = m_selection.current.valid() && m_selection.click(m_selection.current, Qt::ControlModifier);
        break;
    case Qt::Key_Escape:
        if (m_selection.heads.isEmpty()) {
            QWidget::keyPressEvent(event);
            return;
        }
        changed = m_selection.clear();
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_selection.current.valid() && m_view.columnsAreHeads)
            Q_EMIT activated(m_selection.current);
        return;
    default:
        QWidget::keyPressEvent(event);
        return;
    }
    finishSelection(changed);
}

void HeatmapWidget::contextMenuEvent(QContextMenuEvent *event)
{
    HeadId cell;
    QPoint global = event->globalPos();
    if (event->reason() == QContextMenuEvent::Keyboard) {
        cell = m_selection.current;
        if (cell.valid())
            global = mapToGlobal(m_layout.cellRect({currentFacet(), cell.layer, cell.head}).center());
    } else {
        const CellRef at = m_layout.cellAt(event->pos());
        cell = {at.row, at.column};
    }
    if (!cell.valid() || !m_view.columnsAreHeads) {
        event->ignore();
        return;
    }
    // A menu acts on the selection; asking for it elsewhere moves the selection there first.
    if (!m_selection.contains(cell))
        finishSelection(m_selection.click(cell, Qt::NoModifier));
    Q_EMIT contextMenuRequested(cell, global);
}

void HeatmapWidget::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void HeatmapWidget::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace patchbay::widgets
