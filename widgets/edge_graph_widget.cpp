#include "edge_graph_widget.h"

#include "finite_view.h"

#include <QApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

namespace {
constexpr double mostZoom = 24; // times as large as the whole
constexpr double edgeReach = 5; // px from an edge
} // namespace

EdgeGraphWidget::EdgeGraphWidget(QWidget *parent)
    : HeadPlot(tr("Graph of edges"), tr("No edges in the circuit yet"), parent)
{
}

void EdgeGraphWidget::setView(const EdgeGraphView &view)
{
    const EdgeGraphView before = std::exchange(m_view, finite(view));
    if (before.layers != m_view.layers || before.heads != m_view.heads) {
        m_zoom = 1;
        m_offset = {};
    }
    const auto same = [](const EdgeGraphNode &a, const EdgeGraphNode &b) {
        return a.kind == b.kind && a.head == b.head;
    };
    if (m_node >= 0) {
        const auto found = std::find_if(m_view.nodes.begin(), m_view.nodes.end(),
                                        [&](const auto &node) { return same(node, before.nodes[m_node]); });
        m_node = found == m_view.nodes.end() ? -1 : int(found - m_view.nodes.begin());
    }
    if (m_edge >= 0) {
        const qint64 id = before.edges[m_edge].id;
        const auto found = std::find_if(m_view.edges.begin(), m_view.edges.end(),
                                        [&](const auto &edge) { return id >= 0 && edge.id == id; });
        m_edge = found == m_view.edges.end() ? -1 : int(found - m_view.edges.begin());
    }
    m_hoverEdge = m_walked = -1;
    newView(m_view.title);
}

QRectF EdgeGraphWidget::area() const
{
    const int line = fontMetrics().height(), top = 8 + (m_view.title.isEmpty() ? 0 : line + 4);
    return QRectF(8, top, std::max(1, width() - 16), std::max(1, height() - top - line - 12));
}

QPointF EdgeGraphWidget::origin() const
{
    return area().topLeft() - m_offset;
}

void EdgeGraphWidget::clampOffset()
{
    const QSizeF room = area().size();
    m_offset.setX(std::clamp(m_offset.x(), 0.0, room.width() * (m_zoom - 1)));
    m_offset.setY(std::clamp(m_offset.y(), 0.0, room.height() * (m_zoom - 1)));
}

void EdgeGraphWidget::relayout()
{
    clampOffset();
    const double laneName = QFontMetricsF(scaledFont(font(), 0.85)).horizontalAdvance(tr("Layer %1").arg(88)) + 10;
    m_layout = layoutEdgeGraph(m_view, area().size() * m_zoom, edgeGraphBox(m_view, font()), laneName);
    m_buffer = {};
    update();
}

int EdgeGraphWidget::markAt(QPointF point) const
{
    return area().contains(point) ? m_layout.nodeAt(point - origin()) : -1;
}

int EdgeGraphWidget::edgeAt(QPointF point) const
{
    return area().contains(point) && markAt(point) < 0 ? m_layout.edgeAt(point - origin(), edgeReach) : -1;
}

HeadId EdgeGraphWidget::headOf(int mark) const
{
    const EdgeGraphNode &node = m_view.nodes[mark];
    return node.kind == EdgeGraphNode::Kind::Head ? node.head : HeadId{};
}

QPoint EdgeGraphWidget::middleOf(int mark) const
{
    return (m_layout.nodes.value(mark).center() + origin()).toPoint();
}

EdgeGraphScene EdgeGraphWidget::scene(const Theme &theme) const
{
    return {m_view, m_layout, theme, font(), m_selection.heads, m_node, m_edge, hover(), m_hoverEdge};
}

void EdgeGraphWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    drawTitle(painter, theme, m_view.title, 8);
    const QRectF room = area();
    const qreal ratio = devicePixelRatioF();
    const QSize pixels = (room.size() * ratio).toSize();
    if (m_buffer.size() != pixels || m_buffer.devicePixelRatio() != ratio || m_buffered != m_selection.heads) {
        m_buffer = QPixmap(pixels);
        m_buffer.setDevicePixelRatio(ratio);
        m_buffer.fill(theme.background);
        QPainter buffer(&m_buffer);
        buffer.translate(-m_offset);
        EdgeGraphScene plain = scene(theme);
        plain.node = plain.edge = plain.hoverNode = plain.hoverEdge = -1;
        paintEdgeGraph(buffer, plain);
        m_buffered = m_selection.heads;
    }
    painter.drawPixmap(room.topLeft(), m_buffer);
    painter.save();
    painter.setClipRect(room);
    painter.translate(origin());
    paintEdgeGraphFocus(painter, scene(theme), room.translated(-origin()));
    painter.restore();
    if (!m_box.isNull()) {
        painter.setPen(QPen(theme.text, 1, Qt::DashLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(m_box);
    }
    const bool estimates =
        std::any_of(m_view.edges.begin(), m_view.edges.end(), [](auto &edge) { return !edge.exact; });
    QString hint = tr("Blue: the metric grows without what the edge carries, red: it falls; wider: more");
    if (estimates)
        hint += tr("; dashed: estimated, solid: exact");
    if (m_edge >= 0)
        hint = edgeReadout(m_view, m_view.edges[m_edge]);
    else if (m_node >= 0)
        hint = nodeReadout(m_view, m_node);
    drawReadout(painter, theme, hint);
}

void EdgeGraphWidget::setCurrentNode(int node)
{
    m_node = node >= 0 && node < m_view.nodes.size() ? node : -1;
    m_edge = -1;
    update();
}

void EdgeGraphWidget::setCurrentEdge(int edge)
{
    m_edge = edge >= 0 && edge < m_view.edges.size() ? edge : -1;
    m_node = -1;
    update();
}

void EdgeGraphWidget::setHoverEdge(int edge)
{
    if (edge == m_hoverEdge)
        return;
    m_hoverEdge = edge;
    if (edge >= 0)
        setReadout(edgeReadout(m_view, m_view.edges[edge]));
    else if (hover() < 0)
        setReadout({});
    update();
}

void EdgeGraphWidget::zoom(double factor, QPointF fixed)
{
    const QPointF at = fixed - area().topLeft() + m_offset;
    const double before = m_zoom;
    m_zoom = std::clamp(m_zoom * factor, 1.0, mostZoom);
    m_offset += at * (m_zoom / before - 1);
    relayout();
}

void EdgeGraphWidget::pan(QPointF pixels)
{
    m_offset -= pixels;
    relayout();
}

void EdgeGraphWidget::showAll()
{
    m_zoom = 1;
    m_offset = {};
    relayout();
}

} // namespace patchbay::widgets
