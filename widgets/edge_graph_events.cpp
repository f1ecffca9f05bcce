// Pointer and keyboard of the graph of edges.
#include "edge_graph_widget.h"
#include "zoom_step.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay::widgets {

namespace {
constexpr double edgeGraphPanStep = 40; // as plots with axes have
} // namespace

void EdgeGraphWidget::mouseMoveEvent(QMouseEvent *event)
{
    const QPoint at = event->position().toPoint();
    if (m_panFrom && (event->buttons() & Qt::MiddleButton)) {
        pan(at - *m_panFrom);
        m_panFrom = at;
        return;
    }
    if (m_boxFrom && (event->buttons() & Qt::LeftButton)) {
        if (!m_box.isNull() || (at - *m_boxFrom).manhattanLength() >= QApplication::startDragDistance())
            m_box = QRect(*m_boxFrom, at).normalized().intersected(area().toRect());
        update();
        return;
    }
    HeadPlot::mouseMoveEvent(event);
    setHoverEdge(hover() >= 0 ? -1 : edgeAt(event->position()));
    setCursor(hover() >= 0 || m_hoverEdge >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void EdgeGraphWidget::leaveEvent(QEvent *event)
{
    setHoverEdge(-1);
    HeadPlot::leaveEvent(event);
}

void EdgeGraphWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() == Qt::MiddleButton)
        m_panFrom = event->position().toPoint();
    if (event->button() != Qt::LeftButton)
        return;
    if ((event->modifiers() & Qt::ShiftModifier) && markAt(event->position()) < 0) {
        m_boxFrom = event->position().toPoint();
        return;
    }
    const int node = markAt(event->position()), edge = edgeAt(event->position());
    if (edge >= 0)
        pickEdge(edge);
    else
        pickNode(node, event->modifiers());
}

void EdgeGraphWidget::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::MiddleButton)
        m_panFrom.reset();
    if (event->button() != Qt::LeftButton || !m_boxFrom)
        return;
    const QRect box = std::exchange(m_box, QRect());
    m_boxFrom.reset();
    update();
    if (box.width() < 3 || box.height() < 3)
        return;
    const double factor = std::min(area().width() / box.width(), area().height() / box.height());
    const QPointF middle = QRectF(box).center();
    zoom(factor, middle);
    pan(area().center() - middle);
}

void EdgeGraphWidget::pickNode(int node, Qt::KeyboardModifiers modifiers)
{
    setCurrentNode(node);
    const HeadId head = node >= 0 ? headOf(node) : HeadId{};
    finishSelection(m_selection.click(
        head, modifiers & (Qt::ControlModifier | Qt::ShiftModifier) ? Qt::ControlModifier : Qt::NoModifier));
    Q_EMIT nodeClicked(m_node);
    if (head.valid())
        Q_EMIT clicked(head);
    if (m_node >= 0)
        setAccessibleDescription(nodeReadout(m_view, m_node));
}

void EdgeGraphWidget::pickEdge(int edge)
{
    setCurrentEdge(edge);
    m_walked = m_edge >= 0 ? m_view.edges[m_edge].to : -1;
    Q_EMIT edgeClicked(m_edge);
    if (m_edge >= 0)
        setAccessibleDescription(edgeReadout(m_view, m_view.edges[m_edge]));
}

void EdgeGraphWidget::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    if (const int edge = edgeAt(event->position()); edge >= 0)
        Q_EMIT edgeActivated(edge);
    else if (markAt(event->position()) >= 0)
        HeadPlot::mouseDoubleClickEvent(event);
    else
        showAll();
}

void EdgeGraphWidget::wheelEvent(QWheelEvent *event)
{
    if (markCount() == 0 || event->angleDelta().y() == 0)
        return HeadPlot::wheelEvent(event);
    zoom(zoomOf(*event), event->position());
    event->accept();
}

void EdgeGraphWidget::contextMenuEvent(QContextMenuEvent *event)
{
    const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int edge = keyboard ? m_edge : edgeAt(event->pos());
    if (edge < 0)
        return HeadPlot::contextMenuEvent(event);
    pickEdge(edge);
    const QPoint at = keyboard ? mapToGlobal((m_layout.edges[edge].at(0.5) + origin()).toPoint()) : event->globalPos();
    Q_EMIT edgeMenuRequested(edge, at);
}

void EdgeGraphWidget::stepNode(int up, int across)
{
    // To the node whose middle lies best in that direction: the way along counts more than the way aside.
    int best = -1;
    double least = std::numeric_limits<double>::infinity();
    if (m_node < 0 && !m_view.nodes.isEmpty())
        best = 0;
    for (int i = 0; m_node >= 0 && i < m_view.nodes.size(); ++i) {
        const QPointF way = m_layout.nodes[i].center() - m_layout.nodes[m_node].center();
        const double along = up ? -way.y() * up : way.x() * across, aside = std::abs(up ? way.x() : way.y());
        if (i != m_node && along > 1 && (up || aside < m_layout.nodes[i].height()) && along * 4 + aside < least) {
            best = i;
            least = along * 4 + aside;
        }
    }
    if (best >= 0)
        pickNode(best, {});
}

// Through the edges of the clicked node, or of the receiver of an edge that was clicked, strongest first.
void EdgeGraphWidget::stepEdge(int by)
{
    const int node = m_node >= 0 ? m_node : m_walked;
    QVector<int> around;
    for (const int edge : drawingOrder(m_view))
        if (node < 0 || m_view.edges[edge].to == node || m_view.edges[edge].from == node)
            around.prepend(edge);
    if (around.isEmpty())
        return;
    const qsizetype at = around.indexOf(m_edge), count = around.size();
    pickEdge(around[at < 0 ? (by > 0 ? 0 : count - 1) : (at + by + count) % count]);
    m_walked = node;
}

void EdgeGraphWidget::keyPressEvent(QKeyEvent *event)
{
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
    case Qt::Key_Up:
        return shift ? pan({0, edgeGraphPanStep}) : stepNode(1, 0);
    case Qt::Key_Down:
        return shift ? pan({0, -edgeGraphPanStep}) : stepNode(-1, 0);
    case Qt::Key_Left:
        return shift ? pan({edgeGraphPanStep, 0}) : stepNode(0, -1);
    case Qt::Key_Right:
        return shift ? pan({-edgeGraphPanStep, 0}) : stepNode(0, 1);
    case Qt::Key_PageDown:
        return stepEdge(1);
    case Qt::Key_PageUp:
        return stepEdge(-1);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(zoomStep, area().center());
    case Qt::Key_Minus:
        return zoom(1 / zoomStep, area().center());
    case Qt::Key_0:
        return showAll();
    case Qt::Key_Delete:
        return removeRequested();
    case Qt::Key_Insert:
        return addRequested();
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_edge >= 0)
            return edgeActivated(m_edge);
        break;
    case Qt::Key_Escape:
        return pickNode(-1, {});
    default:
        break;
    }
    HeadPlot::keyPressEvent(event);
}

} // namespace patchbay::widgets
