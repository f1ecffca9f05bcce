#include "graph_layout.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace patchbay::widgets {

QPointF GraphCurve::at(double t) const
{
    const double u = 1 - t;
    return u * u * u * from + 3 * u * u * t * control1 + 3 * u * t * t * control2 + t * t * t * to;
}

double GraphCurve::distanceTo(QPointF point) const
{
    double best = std::numeric_limits<double>::infinity();
    QPointF last = from;
    constexpr int steps = 32;
    for (int i = 1; i <= steps; ++i) {
        const QPointF next = at(double(i) / steps), along = next - last, offset = point - last;
        const double length = QPointF::dotProduct(along, along);
        const double t = length > 0 ? std::clamp(QPointF::dotProduct(offset, along) / length, 0.0, 1.0) : 0;
        const QPointF apart = offset - t * along;
        best = std::min(best, std::hypot(apart.x(), apart.y()));
        last = next;
    }
    return best;
}

int GraphLayout::nodeAt(QPointF point) const
{
    for (int i = 0; i < nodes.size(); ++i) {
        if (nodes[i].contains(point))
            return i;
    }
    return -1;
}

int GraphLayout::edgeAt(QPointF point, double reach) const
{
    int best = -1;
    for (int i = 0; i < edges.size(); ++i) {
        if (edges[i].from.isNull() && edges[i].to.isNull())
            continue;
        const double distance = edges[i].distanceTo(point);
        if (distance <= reach) {
            best = i;
            reach = distance;
        }
    }
    return best;
}

int nodeOf(const GraphView &view, HeadId head)
{
    for (int i = 0; i < view.nodes.size(); ++i) {
        if (view.nodes[i].head == head)
            return i;
    }
    return -1;
}

double edgeWidth(double effect, double largest)
{
    return largest > 0 ? 1.2 + 5.8 * std::min(1.0, std::abs(effect) / largest) : 1.2;
}

bool reachesLogits(const GraphView &view)
{
    return std::any_of(view.edges.begin(), view.edges.end(), [](const GraphEdge &edge) { return !edge.to.valid(); });
}

namespace {

constexpr double beside = 1.08; ///< of a box's width: what it takes with the room to the next one

/// Nodes of each node by edges, each edge once.
QVector<QVector<int>> neighbours(const GraphView &view)
{
    QVector<QVector<int>> others(view.nodes.size());
    std::map<HeadId, int> index;
    for (int i = 0; i < view.nodes.size(); ++i)
        index.emplace(view.nodes[i].head, i);
    for (const GraphEdge &edge : view.edges) {
        const auto from = index.find(edge.from), to = index.find(edge.to);
        if (from == index.end() || to == index.end())
            continue;
        others[from->second] << to->second;
        others[to->second] << from->second;
    }
    return others;
}

/// Nodes of each layer from left to right, ordered by a few sweeps of the barycentre rule: every node goes to the mean
/// place of its neighbours, which takes most crossings out of graphs of this size.
QVector<QVector<int>> orderedLayers(const GraphView &view, QVector<int> *layers)
{
    std::map<int, QVector<int>> byLayer;
    for (int i = 0; i < view.nodes.size(); ++i)
        byLayer[view.nodes[i].head.layer].append(i);
    QVector<QVector<int>> rows;
    for (auto &[layer, nodes] : byLayer) {
        std::sort(nodes.begin(), nodes.end(), [&](int a, int b) { return view.nodes[a].head < view.nodes[b].head; });
        rows.append(nodes);
        layers->append(layer);
    }
    const QVector<QVector<int>> others = neighbours(view);
    QVector<double> place(view.nodes.size(), 0.5);
    const auto spread = [&](const QVector<int> &row) {
        for (int i = 0; i < row.size(); ++i)
            place[row[i]] = (i + 0.5) / double(row.size());
    };
    std::for_each(rows.begin(), rows.end(), spread);
    for (int sweep = 0; sweep < 8; ++sweep) {
        for (int step = 0; step < rows.size(); ++step) {
            QVector<int> &row = rows[sweep % 2 ? rows.size() - 1 - step : step];
            QVector<double> wanted(view.nodes.size(), 0);
            for (int node : row) {
                double sum = 0;
                for (int other : others[node])
                    sum += place[other];
                wanted[node] = others[node].isEmpty() ? place[node] : sum / double(others[node].size());
            }
            std::stable_sort(row.begin(), row.end(), [&](int a, int b) { return wanted[a] < wanted[b]; });
            spread(row);
        }
    }
    return rows;
}

/// How many rows a layer's boxes need.
int rowsOf(qsizetype nodes, double width, double nodeWidth)
{
    const int side = std::max(1, int(width / (nodeWidth * beside)));
    return int((nodes + side - 1) / side);
}

/// q, k and v arrive at the left, middle and right of a receiver's upper edge.
double portOf(const QString &site)
{
    return site.startsWith('q') ? 0.22 : site.startsWith('v') ? 0.78 : 0.5;
}

} // namespace

int graphRows(const GraphView &view, double width, double nodeWidth, double laneName)
{
    std::map<int, qsizetype> counts;
    for (const GraphNode &node : view.nodes)
        ++counts[node.head.layer];
    int rows = reachesLogits(view) ? 1 : 0;
    for (const auto &[layer, count] : counts)
        rows += rowsOf(count, width - laneName, nodeWidth);
    return rows;
}

GraphLayout layoutGraph(const GraphView &view, QSizeF size, QSizeF node, double laneName)
{
    GraphLayout layout;
    layout.nodes.resize(view.nodes.size());
    layout.edges.resize(view.edges.size());
    QVector<int> layers;
    const QVector<QVector<int>> lanes = orderedLayers(view, &layers);
    const int rows = graphRows(view, size.width(), node.width(), laneName);
    if (rows == 0)
        return layout;
    const double rowHeight = size.height() / rows, width = size.width() - laneName;
    const double boxHeight = std::min(node.height(), rowHeight * 0.7);
    int row = 0;
    for (int lane = 0; lane < lanes.size(); ++lane) {
        const QVector<int> &heads = lanes[lane];
        const int parts = rowsOf(heads.size(), width, node.width());
        layout.lanes.append({layers[lane], QRectF(0, row * rowHeight, size.width(), parts * rowHeight)});
        for (int part = 0; part < parts; ++part, ++row) {
            const qsizetype first = heads.size() * part / parts, count = heads.size() * (part + 1) / parts - first;
            const double slot = width / double(count), boxWidth = std::min(node.width(), slot / beside);
            for (qsizetype i = 0; i < count; ++i) {
                // Every other row is pushed aside, so that an edge that skips a layer does not run through its heads.
                const double push = (row % 2 ? 0.5 : -0.5) * std::max(0.0, slot - boxWidth) * 0.45;
                const QPointF centre(laneName + (double(i) + 0.5) * slot + push, (row + 0.5) * rowHeight);
                layout.nodes[heads[first + i]] =
                    QRectF(centre.x() - boxWidth / 2, centre.y() - boxHeight / 2, boxWidth, boxHeight);
            }
        }
    }
    if (reachesLogits(view)) {
        const double boxWidth = std::min(node.width(), width);
        const QPointF centre(laneName + width / 2, (rows - 0.5) * rowHeight);
        layout.logits = QRectF(centre.x() - boxWidth / 2, centre.y() - boxHeight / 2, boxWidth, boxHeight);
    }
    std::map<HeadId, int> index;
    for (int i = 0; i < view.nodes.size(); ++i)
        index.emplace(view.nodes[i].head, i);
    const auto at = [&](HeadId head) {
        const auto found = index.find(head);
        return found == index.end() ? -1 : found->second;
    };
    for (int i = 0; i < view.edges.size(); ++i) {
        const GraphEdge &edge = view.edges[i];
        const int from = at(edge.from), to = at(edge.to);
        const QRectF target = edge.to.valid() ? (to >= 0 ? layout.nodes[to] : QRectF()) : layout.logits;
        if (from < 0 || target.isNull())
            continue;
        const QRectF source = layout.nodes[from];
        GraphCurve &curve = layout.edges[i];
        curve.from = QPointF(source.center().x(), source.bottom());
        // Direct effects fan out along the logits box in the order of their senders.
        const double port = edge.to.valid() ? portOf(edge.site)
                                            : 0.15
                + 0.7 * std::clamp((source.center().x() - laneName) / std::max(1.0, size.width() - laneName), 0.0, 1.0);
        curve.to = QPointF(target.left() + port * target.width(), target.top());
        const double bend = std::max(boxHeight * 0.6, (curve.to.y() - curve.from.y()) * 0.45);
        curve.control1 = curve.from + QPointF(0, bend);
        curve.control2 = curve.to - QPointF(0, bend);
    }
    return layout;
}

} // namespace patchbay::widgets
