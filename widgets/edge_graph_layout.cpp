#include "edge_graph_layout.h"

#include "lines_geometry.h"
#include "view_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace patchbay::widgets {

namespace {

using Kind = EdgeGraphNode::Kind;

constexpr double besideBox = 1.1;    ///< of a box's width: what it takes with the room to the next one
constexpr double endShare = 0.8;     ///< of a layer's height: that of the embedding and the logits
constexpr double gapShare = 0.3;     ///< the same, of layers that are left out
constexpr double mlpLift = 0.45;     ///< the same: how much higher an MLP stands than heads that it may read
constexpr double boxShare = 0.56;    ///< of a row's height: the most that a box takes
constexpr double lowBoxShare = 0.74; ///< the same where rows are low
constexpr double boxAspect = 3.2;    ///< a low box is at most so many times as wide as high
constexpr double turnOfLayer =
    0.6180339; ///< layers are moved aside by this much of a turn: few boxes stand in one column

QString inWords(const char *text)
{
    return QCoreApplication::translate("EdgeGraph", text);
}

/// The layers of a view from the bottom up, with their heads and MLP.
struct LayerNodes {
    QVector<int> heads;
    int mlp = -1;
};
std::map<int, LayerNodes> layersOf(const EdgeGraphView &view)
{
    std::map<int, LayerNodes> layers;
    for (int i = 0; i < view.nodes.size(); ++i) {
        const EdgeGraphNode &node = view.nodes[i];
        if (node.kind == Kind::Head)
            layers[node.head.layer].heads << i;
        else if (node.kind == Kind::Mlp)
            layers[node.head.layer].mlp = i;
    }
    return layers;
}

bool hasKind(const EdgeGraphView &view, Kind kind)
{
    return std::any_of(view.nodes.begin(), view.nodes.end(), [kind](const auto &node) { return node.kind == kind; });
}

/// Where things stand across.
struct Across {
    double left = 0, right = 0;         ///< of heads
    double mlp = 0, arcs = 0, last = 0; ///< the MLPs' middle; room for arcs on their right, which ends at last
};

Across acrossOf(const EdgeGraphView &view, double width, double box, double laneName)
{
    Across across{laneName, width, 0, 0, width};
    if (!hasKind(view, Kind::Mlp))
        return across;
    across.arcs = std::min(width * 0.1, box * 1.2);
    across.mlp = width - across.arcs - box / 2;
    across.right = across.mlp - box * 0.9;
    return across;
}

void placeHeads(const EdgeGraphView &view, const QVector<int> &heads, const Across &across, double y, QSizeF box,
                EdgeGraphLayout &layout)
{
    if (heads.isEmpty())
        return;
    const double width = across.right - across.left, slot = width / std::max(1, view.heads);
    const double wide = std::min(box.width(), width / double(heads.size()) / besideBox);
    const double layer = view.nodes[heads.front()].head.layer * turnOfLayer;
    const double aside = (layer - std::floor(layer) - 0.5) * 0.7 * slot;
    QVector<double> wanted;
    for (const int node : heads)
        wanted << std::clamp(across.left + (view.nodes[node].head.head + 0.5) * slot + aside, across.left + wide / 2,
                             std::max(across.left + wide / 2, across.right - wide / 2));
    const QVector<double> places = spread(wanted, wide * besideBox, across.left + wide / 2, across.right - wide / 2);
    for (qsizetype i = 0; i < heads.size(); ++i)
        layout.nodes[heads[i]] = QRectF(places[i] - wide / 2, y - box.height() / 2, wide, box.height());
}

/// Queries, keys and values arrive at the left, middle and right of a head's lower edge.
double portOf(EdgeEnd end)
{
    return end == EdgeEnd::Query ? 0.2 : end == EdgeEnd::Value ? 0.8 : 0.5;
}

GraphCurve curveOf(const EdgeGraphView &view, const EdgeGraphEdge &edge, const QVector<QRectF> &nodes,
                   const Across &across)
{
    const Kind from = view.nodes[edge.from].kind, to = view.nodes[edge.to].kind;
    const QRectF source = nodes[edge.from], target = nodes[edge.to];
    GraphCurve curve;
    const bool arc = from == Kind::Mlp && (to == Kind::Mlp || to == Kind::Logits);
    if (arc) { // past the MLPs between them
        const double span = std::abs(source.center().y() - target.center().y()),
                     out = across.arcs * std::min(1.0, 0.25 + 0.75 * span / std::max(1.0, nodes[edge.from].top()));
        curve.from = {source.right(), source.center().y()};
        curve.control1 = curve.from + QPointF(out * 1.2, 0);
        if (to == Kind::Logits) {
            curve.to = {std::min(across.last - 2, source.right() + out * 0.7), target.bottom()};
            curve.control2 = curve.to + QPointF(0, span * 0.4);
        } else {
            curve.to = {target.right(), target.center().y()};
            curve.control2 = curve.to + QPointF(out * 1.2, 0);
        }
        return curve;
    }
    if (to == Kind::Mlp) { // from the left
        curve.to = {target.left(), target.center().y() + target.height() * 0.2};
        curve.from = from == Kind::Input
            ? QPointF(target.left() - target.width() * (0.15 + 0.03 * (view.nodes[edge.to].head.layer % 8)),
                      source.top())
            : QPointF(source.center().x(), source.top());
        const double up = std::max(0.0, curve.from.y() - curve.to.y());
        curve.control1 = curve.from - QPointF(0, from == Kind::Input ? up * 0.9 : up * 0.5);
        curve.control2 = curve.to - QPointF(std::max(4.0, (curve.to.x() - curve.from.x()) * 0.5), 0);
        return curve;
    }
    curve.to = to == Kind::Logits ? QPointF(source.center().x(), target.bottom())
                                  : QPointF(target.left() + portOf(edge.end) * target.width(), target.bottom());
    curve.from = from == Kind::Input ? QPointF(curve.to.x(), source.top()) : QPointF(source.center().x(), source.top());
    const double up = curve.from.y() - curve.to.y(),
                 bend = std::max(up * 0.42, std::min(std::abs(up), target.height()) * 0.6);
    curve.control1 = curve.from - QPointF(0, bend);
    curve.control2 = curve.to + QPointF(0, bend);
    return curve;
}

} // namespace

int EdgeGraphLayout::nodeAt(QPointF point) const
{
    for (int i = 0; i < nodes.size(); ++i)
        if (nodes[i].contains(point))
            return i;
    return -1;
}

int EdgeGraphLayout::edgeAt(QPointF point, double reach) const
{
    int best = -1;
    for (int i = 0; i < edges.size(); ++i) {
        const GraphCurve &c = edges[i];
        // A curve stays within what its four points span.
        const auto [left, right] = std::minmax({c.from.x(), c.control1.x(), c.control2.x(), c.to.x()});
        const auto [top, bottom] = std::minmax({c.from.y(), c.control1.y(), c.control2.y(), c.to.y()});
        if (point.x() < left - reach || point.x() > right + reach || point.y() < top - reach
            || point.y() > bottom + reach)
            continue;
        if (const double far = c.distanceTo(point); far <= reach) {
            best = i;
            reach = far;
        }
    }
    return best;
}

EdgeGraphLayout layoutEdgeGraph(const EdgeGraphView &view, QSizeF size, QSizeF box, double laneName)
{
    EdgeGraphLayout layout;
    layout.nodes.resize(view.nodes.size());
    layout.edges.resize(view.edges.size());
    if (view.nodes.isEmpty())
        return layout;
    const std::map<int, LayerNodes> layers = layersOf(view);
    double rows = 2 * endShare;
    int before = -1;
    const auto gapBelow = [&](int layer) { return layer > before + 1 ? gapShare : 0; };
    for (const auto &[layer, nodes] : layers) {
        rows += 1 + (nodes.mlp >= 0 ? mlpLift : 0) + gapBelow(layer);
        before = layer;
    }
    if (!layers.empty() && before + 1 < view.layers)
        rows += gapShare;
    const double row = size.height() / rows,
                 high = std::min(box.height(), std::max(row * boxShare, std::min(row * lowBoxShare, box.height() / 2)));
    const QSizeF own(std::min({box.width(), high * boxAspect, std::max(1.0, (size.width() - laneName) / 4)}), high);
    const Across across = acrossOf(view, size.width(), own.width(), laneName);
    double y = size.height() - endShare * row; // the lower edge of the layer that comes
    const double barHigh = std::min(high, endShare * row * 0.6);
    const auto bar = [&](Kind kind, double middle) {
        for (int i = 0; i < view.nodes.size(); ++i)
            if (view.nodes[i].kind == kind)
                layout.nodes[i] = QRectF(across.left, middle - barHigh / 2, across.last - across.left, barHigh);
    };
    bar(Kind::Input, size.height() - endShare * row / 2);
    before = -1;
    for (const auto &[layer, nodes] : layers) {
        y -= gapBelow(layer) * row;
        before = layer;
        const double tall = (1 + (nodes.mlp >= 0 ? mlpLift : 0)) * row;
        layout.lanes.append({layer, QRectF(0, y - tall, size.width(), tall)});
        placeHeads(view, nodes.heads, across, y - row / 2, own, layout);
        if (nodes.mlp >= 0)
            layout.nodes[nodes.mlp] = QRectF(across.mlp - own.width() / 2, y - (0.5 + mlpLift) * row - own.height() / 2,
                                             own.width(), own.height());
        y -= tall;
    }
    bar(Kind::Logits, endShare * row / 2);
    for (int i = 0; i < view.edges.size(); ++i)
        layout.edges[i] = curveOf(view, view.edges[i], layout.nodes, across);
    return layout;
}

QString nodeName(const EdgeGraphNode &node)
{
    switch (node.kind) {
    case Kind::Input:
        return inWords("embedding");
    case Kind::Logits:
        return inWords("logits");
    case Kind::Mlp:
        return inWords("MLP %1").arg(node.head.layer);
    case Kind::Head:
        break;
    }
    return label(node.head);
}

QString shortNodeName(const EdgeGraphNode &node)
{
    return node.kind == Kind::Head ? QStringLiteral("%1.%2").arg(node.head.layer).arg(node.head.head)
        : node.kind == Kind::Mlp   ? QStringLiteral("M%1").arg(node.head.layer)
                                   : nodeName(node);
}

QString endName(EdgeEnd end)
{
    return end == EdgeEnd::Query ? QStringLiteral("q")
        : end == EdgeEnd::Key    ? QStringLiteral("k")
        : end == EdgeEnd::Value  ? QStringLiteral("v")
                                 : QString();
}

QString edgeName(const EdgeGraphView &view, const EdgeGraphEdge &edge)
{
    return (nodeName(view.nodes.value(edge.from)) + QStringLiteral(" → ") + nodeName(view.nodes.value(edge.to))
            + QLatin1Char(' ') + endName(edge.end))
        .trimmed();
}

QString edgeReadout(const EdgeGraphView &view, const EdgeGraphEdge &edge)
{
    QString text = edgeName(view, edge) + QStringLiteral("  ") + valueWithUnit(edge.score, view.unit);
    if (edge.exact && std::isfinite(edge.estimate))
        text += inWords(" (exact; %1 %2)").arg(view.estimateName, valueWithUnit(edge.estimate, view.unit));
    else
        text += edge.exact ? inWords(" (exact)") : inWords(" (%1, an estimate)").arg(view.estimateName);
    return edge.inside ? text : text + inWords(", not in the circuit");
}

QString nodeReadout(const EdgeGraphView &view, int node)
{
    int ins = 0, outs = 0, ends[4] = {};
    for (const EdgeGraphEdge &edge : view.edges) {
        if (!edge.inside)
            continue;
        outs += edge.from == node;
        ins += edge.to == node;
        ends[int(edge.end)] += edge.to == node;
    }
    QStringList parts;
    for (const EdgeEnd end : {EdgeEnd::Query, EdgeEnd::Key, EdgeEnd::Value})
        if (ends[int(end)] > 0)
            parts << endName(end) + QLatin1Char(' ') + QString::number(ends[int(end)]);
    const EdgeGraphNode &at = view.nodes[node];
    QString text = nodeName(at) + (at.role.isEmpty() ? QString() : QStringLiteral("  ") + at.role);
    if (!at.inside)
        text += inWords("  (not in the circuit)");
    return text
        + inWords("   %1 edges in%2, %3 out")
              .arg(ins)
              .arg(parts.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(parts.join(QStringLiteral(", "))))
              .arg(outs);
}

double largestScore(const EdgeGraphView &view)
{
    double largest = 0;
    for (const EdgeGraphEdge &edge : view.edges)
        largest = std::max(largest, std::abs(edge.score));
    return largest;
}

double fullness(const EdgeGraphView &view)
{
    return std::clamp((double(view.edges.size()) - 60) / 300, 0.0, 1.0);
}

double edgeStrength(const EdgeGraphView &view, const EdgeGraphEdge &edge, double largest)
{
    const double share = largest > 0 ? std::min(1.0, std::abs(edge.score) / largest) : 0;
    return std::pow(share, 0.5 + 0.5 * fullness(view));
}

QVector<int> drawingOrder(const EdgeGraphView &view)
{
    QVector<int> order(view.edges.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        const EdgeGraphEdge &one = view.edges[a], &other = view.edges[b];
        return one.inside != other.inside ? !one.inside : std::abs(one.score) < std::abs(other.score);
    });
    return order;
}

} // namespace patchbay::widgets
