#include "graph_widget.h"

#include "colour_map.h"
#include "finite_view.h"
#include "view_text.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace patchbay::widgets {

namespace {

/// How much an edge stands out; an effect that is no number does not.
double strength(const GraphEdge &edge)
{
    return std::isnan(edge.effect) ? 0 : std::abs(edge.effect);
}

} // namespace

GraphWidget::GraphWidget(QWidget *parent) : HeadPlot(tr("Circuit graph"), tr("No heads in the circuit yet"), parent) { }

void GraphWidget::setView(const GraphView &view)
{
    m_view = finite(view);
    m_edge = -1;
    newView(view.title);
}

void GraphWidget::setGrows(bool grows)
{
    m_grows = grows;
    relayout();
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
    const double laneName = small.horizontalAdvance(tr("Layer %1").arg(88)) + 8;
    const int furniture = m_origin.y() + line + 10;
    if (m_grows) // two thirds of a row are its boxes, the rest is for the edges
        setMinimumHeight(
            std::max(minimumSizeHint().height(),
                     furniture + int(graphRows(m_view, width() - 16, box.width(), laneName) * box.height() * 1.5)));
    m_layout = layoutGraph(m_view, QSizeF(width() - 16, height() - furniture), box, laneName);
    update();
}

bool GraphWidget::edgeIsLit(const GraphEdge &edge, int index) const
{
    if (m_edge >= 0)
        return index == m_edge;
    return hover() < 0 || edge.from == m_view.nodes[hover()].head || edge.to == m_view.nodes[hover()].head;
}

QString GraphWidget::edgeText(const GraphEdge &edge) const
{
    const QString to =
        edge.to.valid() ? label(edge.to) + (edge.site.isEmpty() ? QString() : ' ' + edge.site) : tr("logits");
    return label(edge.from) + QStringLiteral(" → ") + to + QStringLiteral("  ")
        + valueWithUnit(edge.effect, m_view.unit) + (edge.withinNoise() ? tr(", within noise") : QString());
}

QString GraphWidget::readoutOf(int mark) const
{
    const GraphNode &at = m_view.nodes[mark];
    const auto out =
        std::count_if(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &e) { return e.from == at.head; });
    const auto in =
        std::count_if(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &e) { return e.to == at.head; });
    return label(at.head) + (at.role.isEmpty() ? QString() : QStringLiteral("  ") + at.role)
        + tr("   receives %1, sends %2").arg(in).arg(out);
}

void GraphWidget::paintPlot(QPainter &painter, const Theme &theme)
{
    drawTitle(painter, theme, m_view.title, 8);
    painter.save();
    painter.translate(m_origin);
    painter.setFont(scaledFont(font(), 0.85));
    for (int i = 0; i < m_layout.lanes.size(); ++i) {
        const GraphLane &lane = m_layout.lanes[i];
        if (i % 2 == 0)
            painter.fillRect(lane.rect, mixed(theme.background, theme.text, 0.03));
        painter.setPen(theme.dimText);
        painter.drawText(lane.rect.adjusted(4, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         tr("Layer %1").arg(lane.layer));
    }
    painter.setRenderHint(QPainter::Antialiasing);
    drawEdges(painter, theme);
    drawNodes(painter, theme);
    painter.restore();
    // What helps depends on the direction of the patching, which the view does not know: only the sign is named.
    drawReadout(painter, theme,
                m_view.edges.isEmpty() ? QString()
                                       : tr("Blue: positive effect, red: negative, grey: within noise; wider: larger"));
}

void GraphWidget::drawEdges(QPainter &painter, const Theme &theme)
{
    double largest = 0;
    for (const GraphEdge &edge : m_view.edges)
        largest = std::max(largest, strength(edge));
    // Weak edges first, so that strong ones lie on top.
    QVector<int> order(m_view.edges.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return strength(m_view.edges[a]) < strength(m_view.edges[b]); });
    painter.setFont(scaledFont(font(), 0.8));
    for (int i : order) {
        const GraphCurve &curve = m_layout.edges[i];
        if (curve.from.isNull() && curve.to.isNull())
            continue;
        const GraphEdge &edge = m_view.edges[i];
        const bool lit = edgeIsLit(edge, i);
        QColor colour = std::isnan(edge.effect) || edge.withinNoise() ? theme.dimText
            : edge.effect < 0                                         ? theme.negative
                                                                      : theme.positive;
        colour.setAlphaF(lit ? 0.8f : 0.12f);
        QPainterPath path(curve.from);
        path.cubicTo(curve.control1, curve.control2, curve.to);
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(colour, edgeWidth(strength(edge), largest), Qt::SolidLine, Qt::FlatCap));
        painter.drawPath(path);
        if (!edge.site.isEmpty() && lit) {
            const QRectF mark(curve.to.x() - 7, curve.to.y() - painter.fontMetrics().height() - 1, 14,
                              painter.fontMetrics().height() - 1);
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.background);
            painter.drawRoundedRect(mark, 4, 4);
            painter.setPen(theme.dimText);
            painter.drawText(mark, Qt::AlignCenter | Qt::TextDontClip, edge.site.left(1));
        }
    }
}

void GraphWidget::drawNode(QPainter &painter, const Theme &theme, const QRectF &rect, const QString &name,
                           const QString &role, bool selected, bool hovered, bool faded)
{
    const QColor ground = mixed(theme.background, selected ? theme.selection : theme.text,
                                selected      ? 0.2
                                    : hovered ? 0.12
                                              : 0.06);
    painter.setBrush(faded ? mixed(ground, theme.background, 0.6) : ground);
    painter.setPen(QPen(selected ? theme.selection : hovered ? theme.text : theme.line, selected ? 2 : 1));
    painter.drawRoundedRect(rect, 6, 6);
    QFont bold = font();
    bold.setBold(true);
    // Where a window is too low for its circuit, smaller names instead of names over one another.
    painter.setFont(scaledFont(bold, std::min(1.0, rect.height() / QFontMetrics(bold).height())));
    const int nameHeight = painter.fontMetrics().height(), roleHeight = QFontMetrics(scaledFont(font(), 0.85)).height();
    const bool roleFits = !role.isEmpty() && rect.height() >= nameHeight + roleHeight;
    const double top = rect.center().y() - (nameHeight + roleHeight) / 2.0;
    painter.setPen(faded ? theme.dimText : theme.text);
    painter.drawText(roleFits ? QRectF(rect.left(), top, rect.width(), nameHeight) : rect,
                     Qt::AlignCenter | Qt::TextDontClip, name);
    if (roleFits) {
        painter.setFont(scaledFont(font(), 0.85));
        painter.setPen(theme.dimText);
        painter.drawText(QRectF(rect.left() + 4, top + nameHeight, rect.width() - 8, roleHeight), Qt::AlignCenter,
                         painter.fontMetrics().elidedText(role, Qt::ElideRight, int(rect.width()) - 8));
    }
}

void GraphWidget::drawNodes(QPainter &painter, const Theme &theme)
{
    for (int i = 0; i < m_view.nodes.size(); ++i) {
        const HeadId head = m_view.nodes[i].head;
        const bool linked =
            hover() < 0 || i == hover()
            || std::any_of(m_view.edges.begin(), m_view.edges.end(), [&](const GraphEdge &edge) {
                   const HeadId under = m_view.nodes[hover()].head;
                   return (edge.from == under && edge.to == head) || (edge.to == under && edge.from == head);
               });
        drawNode(painter, theme, m_layout.nodes[i], label(head), m_view.nodes[i].role, m_selection.contains(head),
                 i == hover(), !linked);
    }
    if (!m_layout.logits.isNull())
        drawNode(painter, theme, m_layout.logits, tr("logits"), {}, false, false, false);
}

void GraphWidget::setEdge(int edge)
{
    if (edge == m_edge)
        return;
    m_edge = edge;
    if (edge >= 0)
        setReadout(edgeText(m_view.edges[edge]));
    else if (hover() < 0)
        setReadout({});
    update();
}

void GraphWidget::mouseMoveEvent(QMouseEvent *event)
{
    HeadPlot::mouseMoveEvent(event);
    setEdge(hover() >= 0 ? -1 : m_layout.edgeAt(event->position() - m_origin, 6));
    setCursor(hover() >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void GraphWidget::leaveEvent(QEvent *event)
{
    setEdge(-1);
    HeadPlot::leaveEvent(event);
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
    finishSelection(m_selection.click(
        head, event->modifiers() & (Qt::ControlModifier | Qt::ShiftModifier) ? Qt::ControlModifier : Qt::NoModifier));
    if (head.valid())
        Q_EMIT clicked(head);
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
    default:
        HeadPlot::keyPressEvent(event);
    }
}

} // namespace patchbay::widgets
