#include "edge_graph_painter.h"

#include "colour_map.h"

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace patchbay::widgets {

namespace {

using Kind = EdgeGraphNode::Kind;

constexpr double thinnest = 0.9, thickest = 4.2; // px of the weakest and the strongest edge
constexpr double paperShare = 0.55;              // how much of the ground a weak edge's colour takes on
constexpr double veilShare = 0.78;

QFont boldened(const QFont &font)
{
    QFont made = font;
    made.setBold(true);
    return made;
}

bool touches(const EdgeGraphEdge &edge, int node)
{
    return edge.from == node || edge.to == node;
}

void drawEdge(QPainter &painter, const EdgeGraphScene &scene, int index, double largest, bool lit)
{
    const EdgeGraphEdge &edge = scene.view.edges[index];
    const GraphCurve &curve = scene.layout.edges[index];
    const double strength = edgeStrength(scene.view, edge, largest);
    QColor colour = mixed(edge.score < 0 ? scene.theme.negative : scene.theme.positive, scene.theme.background,
                          lit ? 0 : (paperShare + 0.25 * fullness(scene.view)) * (1 - strength));
    if (!edge.inside)
        colour = mixed(colour, scene.theme.background, 0.5);
    const bool picked = index == scene.edge;
    const double most = thickest * (1 - 0.45 * fullness(scene.view));
    const double width = thinnest + (most - thinnest) * strength + (picked ? 1.5 : 0);
    QPen pen(colour, width, Qt::SolidLine, Qt::FlatCap);
    if (!edge.exact) // dashes of one length in pixels, whatever the width
        pen.setDashPattern({5 / width, 3 / width});
    QPainterPath path(curve.from);
    path.cubicTo(curve.control1, curve.control2, curve.to);
    if (picked) {
        painter.setPen(QPen(scene.theme.selection, width + 4, Qt::SolidLine, Qt::FlatCap));
        painter.drawPath(path);
    }
    painter.setPen(pen);
    painter.drawPath(path);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawEllipse(curve.to, 1.2 + width / 2, 1.2 + width / 2); // where it arrives
    painter.setBrush(Qt::NoBrush);
}

/// The longest form of a name that a box holds, at the largest size; empty: none.
QString nameFor(const EdgeGraphNode &node, const QRectF &box, const QFont &font, bool shortly, QFont *used)
{
    const QString names[] = {shortly ? shortNodeName(node) : nodeName(node), shortNodeName(node)};
    for (const QString &name : names)
        for (const double size : {1.0, 0.85, 0.72}) {
            QFont scaled = font;
            if (font.pointSizeF() > 0)
                scaled.setPointSizeF(std::max(6.0, font.pointSizeF() * size));
            const QFontMetricsF metrics(scaled);
            if (metrics.horizontalAdvance(name) + 4 <= box.width() && metrics.capHeight() + 3 <= box.height()) {
                *used = scaled;
                return name;
            }
        }
    return {};
}

void drawPorts(QPainter &painter, const EdgeGraphScene &scene, const QRectF &box, bool letters)
{
    const QFont font = scaledFont(scene.font, 0.7);
    painter.setFont(font);
    painter.setPen(scene.theme.dimText);
    const std::pair<double, const char *> ports[] = {{0.2, "q"}, {0.5, "k"}, {0.8, "v"}};
    for (const auto &[place, name] : ports) {
        const double x = box.left() + place * box.width();
        if (letters)
            painter.drawText(
                QRectF(x - 10, box.bottom() - QFontMetricsF(font).height(), 20, QFontMetricsF(font).height()),
                Qt::AlignCenter, QString::fromLatin1(name));
        else
            painter.drawLine(QPointF(x, box.bottom() - 3), QPointF(x, box.bottom()));
    }
}

void drawNode(QPainter &painter, const EdgeGraphScene &scene, int index, bool shortly)
{
    const EdgeGraphNode &node = scene.view.nodes[index];
    const QRectF box = scene.layout.nodes[index];
    const Theme &theme = scene.theme;
    const bool head = node.kind == Kind::Head, selected = head && scene.selected.contains(node.head);
    const bool current = index == scene.node || index == scene.hoverNode;
    const QColor ground = mixed(theme.background, selected ? theme.selection : theme.text,
                                selected      ? 0.22
                                    : current ? 0.16
                                    : head    ? 0.05
                                              : 0.11);
    painter.setBrush(node.inside ? ground : theme.background);
    const bool marked = selected || current;
    painter.setPen(QPen(selected      ? theme.selection
                            : current ? theme.text
                                      : theme.line,
                        marked ? 2 : 1, node.inside ? Qt::SolidLine : Qt::DashLine));
    const double round = head ? std::min(6.0, box.height() / 3) : 2;
    painter.drawRoundedRect(box, round, round);
    QFont font;
    const QString name = nameFor(node, box, boldened(scene.font), shortly, &font);
    const QFontMetricsF metrics(font), small(scaledFont(scene.font, 0.82)), tiny(scaledFont(scene.font, 0.7));
    const double nameHigh = metrics.height(), lettersHigh = tiny.height() - 2;
    const bool letters = head && box.height() >= nameHigh + lettersHigh && box.width() >= 30;
    const bool role = !node.role.isEmpty() && box.height() >= nameHigh + small.height() + lettersHigh;
    if (head && box.width() >= 14 && box.height() >= 9)
        drawPorts(painter, scene, box, letters);
    if (name.isEmpty())
        return;
    const double high = nameHigh + (role ? small.height() : 0);
    const double top = box.top() + (box.height() - high - (letters ? lettersHigh : 0)) / 2;
    painter.setFont(font);
    painter.setPen(node.inside ? theme.text : theme.dimText);
    painter.drawText(QRectF(box.left(), top, box.width(), nameHigh), Qt::AlignCenter | Qt::TextDontClip, name);
    if (role) {
        painter.setFont(scaledFont(scene.font, 0.82));
        painter.setPen(theme.dimText);
        painter.drawText(QRectF(box.left() + 3, top + nameHigh, box.width() - 6, small.height()), Qt::AlignCenter,
                         small.elidedText(node.role, Qt::ElideRight, box.width() - 6));
    }
}

/// Whether some head has no room for its full name: then all have short ones.
bool namesAreShort(const EdgeGraphScene &scene)
{
    const QFontMetricsF metrics(scaledFont(boldened(scene.font), 0.85));
    for (int i = 0; i < scene.view.nodes.size(); ++i)
        if (scene.view.nodes[i].kind == Kind::Head
            && metrics.horizontalAdvance(nodeName(scene.view.nodes[i])) + 4 > scene.layout.nodes[i].width())
            return true;
    return false;
}

} // namespace

bool EdgeGraphScene::isLit(int index) const
{
    const EdgeGraphEdge &at = view.edges[index];
    return hoverNode >= 0 ? touches(at, hoverNode)
        : hoverEdge >= 0  ? index == hoverEdge
        : edge >= 0       ? index == edge
        : node >= 0       ? touches(at, node)
                          : false;
}

void paintEdgeGraph(QPainter &painter, const EdgeGraphScene &scene)
{
    const QFont small = scaledFont(scene.font, 0.85);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.setFont(small);
    const double line = QFontMetricsF(small).height();
    double last = 1e9; // names of layers that would lie over one another are left out
    for (qsizetype i = 0; i < scene.layout.lanes.size(); ++i) {
        const GraphLane &lane = scene.layout.lanes[i];
        if (lane.layer % 2 == 0)
            painter.fillRect(lane.rect, mixed(scene.theme.background, scene.theme.text, 0.03));
        const double middle = lane.rect.center().y();
        if (last - middle < line * 0.9)
            continue;
        last = middle;
        painter.setPen(scene.theme.dimText);
        painter.drawText(QRectF(4, middle - line / 2, 90, line), Qt::AlignLeft | Qt::AlignVCenter,
                         QCoreApplication::translate("EdgeGraph", "Layer %1").arg(lane.layer));
    }
    painter.setRenderHint(QPainter::Antialiasing);
    const double largest = largestScore(scene.view);
    for (const int edge : drawingOrder(scene.view))
        drawEdge(painter, scene, edge, largest, false);
    const bool shortly = namesAreShort(scene);
    for (int node = 0; node < scene.view.nodes.size(); ++node)
        drawNode(painter, scene, node, shortly);
}

void paintEdgeGraphFocus(QPainter &painter, const EdgeGraphScene &scene, const QRectF &area)
{
    if (!scene.focused())
        return;
    QColor ground = scene.theme.background;
    ground.setAlphaF(float(veilShare));
    painter.fillRect(area, ground);
    painter.setRenderHint(QPainter::Antialiasing);
    const double largest = largestScore(scene.view);
    QVector<bool> linked(scene.view.nodes.size());
    for (const int node : {scene.hoverNode, scene.hoverNode < 0 && scene.hoverEdge < 0 ? scene.node : -1})
        if (node >= 0)
            linked[node] = true;
    for (const int edge : drawingOrder(scene.view)) {
        if (!scene.isLit(edge))
            continue;
        drawEdge(painter, scene, edge, largest, true);
        linked[scene.view.edges[edge].from] = linked[scene.view.edges[edge].to] = true;
    }
    const bool shortly = namesAreShort(scene);
    for (int node = 0; node < scene.view.nodes.size(); ++node)
        if (linked[node])
            drawNode(painter, scene, node, shortly);
}

QSizeF edgeGraphBox(const EdgeGraphView &view, const QFont &font)
{
    const QFontMetricsF name(boldened(font)), small(scaledFont(font, 0.82)), tiny(scaledFont(font, 0.7));
    double wide = 0;
    bool roles = false;
    for (const EdgeGraphNode &node : view.nodes) {
        if (node.kind == Kind::Head || node.kind == Kind::Mlp)
            wide = std::max(wide, name.horizontalAdvance(nodeName(node)));
        wide =
            std::max(wide, std::min(small.horizontalAdvance(node.role), name.horizontalAdvance(QLatin1Char('M')) * 9));
        roles = roles || !node.role.isEmpty();
    }
    return {wide + 16, name.height() + tiny.height() + (roles ? small.height() : 0) + 4};
}

} // namespace patchbay::widgets
