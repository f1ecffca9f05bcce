#include "graph_widget.h"

#include "colour_map.h"
#include "view_text.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace patchbay::widgets {

GraphWidget::GraphWidget(QWidget *parent) : QWidget(parent), m_emptyText(tr("No heads in the circuit yet"))
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Circuit graph"));
}

void GraphWidget::setView(const GraphView &view)
{
    m_view = view;
    m_node = m_edge = -1;
    setAccessibleName(view.title.isEmpty() ? tr("Circuit graph") : tr("Circuit graph: %1").arg(view.title));
    relayout();
}

void GraphWidget::setEmptyText(const QString &text)
{
    m_emptyText = text;
    update();
}

void GraphWidget::setUnit(const QString &unit)
{
    m_unit = unit;
    update();
}

void GraphWidget::setSelection(const QVector<HeadId> &heads)
{
    if (m_selection.assign(heads))
        update();
}

QRect GraphWidget::nodeRect(int node) const
{
    return m_layout.nodes.value(node).translated(m_origin).toRect();
}

void GraphWidget::relayout()
{
    QFont bold = font();
    bold.setBold(true);
    const QFontMetrics metrics(bold), small(scaledFont(font(), 0.85));
    int wide = metrics.horizontalAdvance(tr("logits"));
    bool roles = false;
    for (const GraphNode &node : m_view.nodes) {
        wide = std::max({wide, metrics.horizontalAdvance(label(node.head)), small.horizontalAdvance(node.role)});
        roles = roles || !node.role.isEmpty();
    }
    const QSizeF box(wide + 20, metrics.height() + (roles ? small.height() : 0) + 10);
    const int line = fontMetrics().height();
    m_origin = QPoint(8, 8 + (m_view.title.isEmpty() ? 0 : line + 4));
    const QSizeF room(width() - 16, height() - m_origin.y() - line - 10);
    m_layout = layoutGraph(m_view, room, box, small.horizontalAdvance(tr("Layer %1").arg(88)) + 8);
    update();
}

bool GraphWidget::edgeIsLit(const GraphEdge &edge, int index) const
{
    if (m_edge >= 0)
        return index == m_edge;
    return m_node < 0 || edge.from == m_view.nodes[m_node].head || edge.to == m_view.nodes[m_node].head;
}

QString GraphWidget::edgeText(const GraphEdge &edge) const
{
    const QString to = edge.to.valid() ? label(edge.to) + (edge.site.isEmpty() ? QString() : ' ' + edge.site) : tr("logits");
    return label(edge.from) + QStringLiteral(" → ") + to + QStringLiteral("  ") + valueWithUnit(edge.effect, m_unit);
}

void GraphWidget::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme theme = Theme::of(palette());
    if (m_view.nodes.isEmpty()) {
        drawEmptyState(painter, rect(), m_emptyText, theme);
    } else {
        painter.fillRect(rect(), theme.background);
        const int line = fontMetrics().height();
        QFont bold = font();
        bold.setBold(true);
        painter.setFont(bold);
        painter.setPen(theme.text);
        painter.drawText(QRect(8, 6, width() - 16, line), Qt::AlignLeft | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(m_view.title, Qt::ElideRight, width() - 16));
        painter.save();
        painter.translate(m_origin);
        painter.setFont(scaledFont(font(), 0.85));
        for (int i = 0; i < m_layout.lanes.size(); ++i) {
            const GraphLane &lane = m_layout.lanes[i];
            if (i % 2 == 0)
                painter.fillRect(lane.rect, mixed(theme.background, theme.text, 0.03));
            painter.setPen(theme.dimText);
            painter.drawText(lane.rect.adjusted(4, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, tr("Layer %1").arg(lane.layer));
        }
        painter.setRenderHint(QPainter::Antialiasing);
        drawEdges(painter, theme);
        drawNodes(painter, theme);
        painter.restore();
        painter.setFont(font());
        painter.setPen(m_readout.isEmpty() ? theme.dimText : theme.text);
        const QRect lane(8, height() - line - 5, width() - 16, line);
        const QString text = m_readout.isEmpty() ? tr("Blue helps, red harms; width is the size of the effect") : m_readout;
        painter.drawText(lane, Qt::AlignLeft | Qt::AlignVCenter, painter.fontMetrics().elidedText(text, Qt::ElideRight, lane.width()));
    }
    if (hasFocus())
        drawFocusFrame(painter, rect(), theme);
}

void GraphWidget::drawEdges(QPainter &painter, const Theme &theme)
{
    double largest = 0;
    for (const GraphEdge &edge : m_view.edges)
        largest = std::max(largest, std::abs(edge.effect));
    // Weak edges first, so that strong ones lie on top.
    QVector<int> order(m_view.edges.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return std::abs(m_view.edges[a].effect) < std::abs(m_view.edges[b].effect); });
    painter.setFont(scaledFont(font(), 0.8));
    for (int i : order) {
        const GraphCurve &curve = m_layout.edges[i];
        if (curve.from.isNull() && curve.to.isNull())
            continue;
        const GraphEdge &edge = m_view.edges[i];
        const bool lit = edgeIsLit(edge, i);
        QColor colour = edge.effect < 0 ? theme.negative : theme.positive;
        colour.setAlphaF(lit ? 0.8f : 0.12f);
        QPainterPath path(curve.from);
        path.cubicTo(curve.control1, curve.control2, curve.to);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(colour, edgeWidth(edge.effect, largest), Qt::SolidLine, Qt::FlatCap));
        painter.drawPath(path);
        if (!edge.site.isEmpty() && lit) {
            const QRectF mark(curve.to.x() - 7, curve.to.y() - painter.fontMetrics().height() - 1, 14, painter.fontMetrics().height() - 1);
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.background);
            painter.drawRoundedRect(mark, 4, 4);
            painter.setPen(theme.dimText);
            painter.drawText(mark, Qt::AlignCenter | Qt::TextDontClip, edge.site.left(1));
        }
    }
}

void GraphWidget::drawNodes(QPainter &painter, const Theme &theme)
{
    const auto box = [&](const QRectF &rect, const QString &name, const QString &role, bool selected, bool hover, bool faded) {
        const QColor ground = mixed(theme.background, selected ? theme.selection : theme.text, selected ? 0.2 : hover ? 0.12 : 0.06);
        painter.setBrush(faded ? mixed(ground, theme.background, 0.6) : ground);
        painter.setPen(QPen(selected ? theme.selection : hover ? theme.text : theme.line, selected ? 2 : 1));
        painter.drawRoundedRect(rect, 6, 6);
        QFont bold = font();
        bold.setBold(true);
        painter.setFont(bold);
        const int nameHeight = painter.fontMetrics().height(), roleHeight = QFontMetrics(scaledFont(font(), 0.85)).height();
        const bool roleFits = !role.isEmpty() && rect.height() >= nameHeight + roleHeight;
        const double top = rect.center().y() - (nameHeight + roleHeight) / 2.0;
        painter.setPen(faded ? theme.dimText : theme.text);
        painter.drawText(roleFits ? QRectF(rect.left(), top, rect.width(), nameHeight) : rect, Qt::AlignCenter | Qt::TextDontClip, name);
        if (roleFits) {
            painter.setFont(scaledFont(font(), 0.85));
            painter.setPen(theme.dimText);
            painter.drawText(QRectF(rect.left() + 4, top + nameHeight, rect.width() - 8, roleHeight), Qt::AlignCenter,
                             painter.fontMetrics().elidedText(role, Qt::ElideRight, int(rect.width()) - 8));
        }
    };
    for (int i = 0; i < m_view.nodes.size(); ++i) {
        const HeadId head = m_view.nodes[i].head;
        const bool linked = m_node < 0 || i == m_node
            || std::any_of(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &edge) {
                   const HeadId hover = m_view.nodes[m_node].head;
                   return (edge.from == hover && edge.to == head) || (edge.to == hover && edge.from == head);
               });
        box(m_layout.nodes[i], label(head), m_view.nodes[i].role, m_selection.contains(head), i == m_node, !linked);
    }
    if (!m_layout.logits.isNull())
        box(m_layout.logits, tr("logits"), {}, false, false, false);
}

void GraphWidget::setHover(int node, int edge)
{
    if (node == m_node && edge == m_edge)
        return;
    const bool nodeMoved = node != m_node;
    m_node = node;
    m_edge = edge;
    m_readout.clear();
    if (node >= 0) {
        const GraphNode &at = m_view.nodes[node];
        const auto out = std::count_if(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &e) { return e.from == at.head; });
        const auto in = std::count_if(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &e) { return e.to == at.head; });
        m_readout = label(at.head) + (at.role.isEmpty() ? QString() : QStringLiteral("  ") + at.role) + tr("   receives %1, sends %2").arg(in).arg(out);
    } else if (edge >= 0) {
        m_readout = edgeText(m_view.edges[edge]);
    }
    setAccessibleDescription(m_readout);
    setCursor(node >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    update();
    if (nodeMoved)
        Q_EMIT hovered(node >= 0 ? m_view.nodes[node].head : HeadId{});
}

void GraphWidget::finishSelection(bool changed)
{
    update();
    if (changed)
        Q_EMIT selectionChanged(m_selection.heads);
}

void GraphWidget::resizeEvent(QResizeEvent *)
{
    relayout();
}

void GraphWidget::mouseMoveEvent(QMouseEvent *event)
{
    const QPointF point = event->position() - m_origin;
    const int node = m_layout.nodeAt(point);
    setHover(node, node >= 0 ? -1 : m_layout.edgeAt(point, 6));
}

void GraphWidget::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    const QPointF point = event->position() - m_origin;
    const int node = m_layout.nodeAt(point), edge = node < 0 ? m_layout.edgeAt(point, 6) : -1;
    if (edge >= 0) {
        // An edge stands for its two ends.
        QVector<HeadId> ends{m_view.edges[edge].from};
        if (m_view.edges[edge].to.valid())
            ends.append(m_view.edges[edge].to);
        finishSelection(m_selection.assign(ends));
        Q_EMIT edgeClicked(edge);
        return;
    }
    const HeadId head = node >= 0 ? m_view.nodes[node].head : HeadId{};
    finishSelection(m_selection.click(head, event->modifiers() & (Qt::ControlModifier | Qt::ShiftModifier) ? Qt::ControlModifier : Qt::NoModifier));
    if (head.valid())
        Q_EMIT clicked(head);
}

void GraphWidget::mouseDoubleClickEvent(QMouseEvent *event)
{
    const int node = m_layout.nodeAt(event->position() - m_origin);
    if (node >= 0)
        Q_EMIT activated(m_view.nodes[node].head);
}

void GraphWidget::leaveEvent(QEvent *)
{
    setHover(-1, -1);
}

void GraphWidget::step(int layers, int across)
{
    // To the node whose centre lies best in that direction: distance along counts once, sideways twice.
    const int from = nodeOf(m_view, m_selection.current);
    int best = from < 0 && !m_view.nodes.isEmpty() ? 0 : -1;
    double bestCost = std::numeric_limits<double>::infinity();
    for (int i = 0; from >= 0 && i < m_view.nodes.size(); ++i) {
        const QPointF offset = m_layout.nodes[i].center() - m_layout.nodes[from].center();
        const double along = layers ? offset.y() * layers : offset.x() * across;
        const double sideways = std::abs(layers ? offset.x() : offset.y());
        if (i != from && along > 1 && (layers || sideways < 1) && along * 4 + sideways < bestCost) {
            best = i;
            bestCost = along * 4 + sideways;
        }
    }
    if (best < 0)
        return;
    finishSelection(m_selection.moveTo(m_view.nodes[best].head, false));
    setAccessibleDescription(label(m_view.nodes[best].head));
    Q_EMIT clicked(m_view.nodes[best].head);
}

void GraphWidget::keyPressEvent(QKeyEvent *event)
{
    switch (event->key()) {
    case Qt::Key_Up:
        return step(-1, 0);
    case Qt::Key_Down:
        return step(1, 0);
    case Qt::Key_Left:
        return step(0, -1);
    case Qt::Key_Right:
        return step(0, 1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (nodeOf(m_view, m_selection.current) >= 0)
            Q_EMIT activated(m_selection.current);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

void GraphWidget::contextMenuEvent(QContextMenuEvent *event)
{
    const bool keyboard = event->reason() == QContextMenuEvent::Keyboard;
    const int node = keyboard ? nodeOf(m_view, m_selection.current) : m_layout.nodeAt(QPointF(event->pos() - m_origin));
    if (node >= 0)
        Q_EMIT contextMenuRequested(m_view.nodes[node].head, keyboard ? mapToGlobal(nodeRect(node).center()) : event->globalPos());
}

void GraphWidget::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange)
        relayout();
}

void GraphWidget::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void GraphWidget::focusOutEvent(QFocusEvent *event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace patchbay::widgets
