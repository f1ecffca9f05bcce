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

namespace {

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
                double sum = 0, weight = 0;
                for (const GraphEdge &edge : view.edges) {
                    const int other = edge.from == view.nodes[node].head ? nodeOf(view, edge.to)
                        : edge.to == view.nodes[node].head               ? nodeOf(view, edge.from)
                                                                         : -1;
                    if (other >= 0) {
                        sum += place[other];
                        weight += 1;
                    }
                }
                wanted[node] = weight > 0 ? sum / weight : place[node];
            }
            std::stable_sort(row.begin(), row.end(), [&](int a, int b) { return wanted[a] < wanted[b]; });
            spread(row);
        }
    }
    return rows;
}

/// q, k and v arrive at the left, middle and right of a receiver's upper edge.
double portOf(const QString &site)
{
    return site.startsWith('q') ? 0.22 : site.startsWith('v') ? 0.78 : 0.5;
}

} // namespace

GraphLayout layoutGraph(const GraphView &view, QSizeF size, QSizeF node, double laneName)
{
    GraphLayout layout;
    layout.nodes.resize(view.nodes.size());
    layout.edges.resize(view.edges.size());
    QVector<int> layers;
    const QVector<QVector<int>> rows = orderedLayers(view, &layers);
    const bool logits =
        std::any_of(view.edges.begin(), view.edges.end(), [](const GraphEdge &edge) { return !edge.to.valid(); });
    const int lanes = int(rows.size()) + (logits ? 1 : 0);
    if (lanes == 0)
        return layout;
    const double laneHeight = size.height() / lanes;
    const double boxHeight = std::min(node.height(), laneHeight * 0.7);
    for (int lane = 0; lane < rows.size(); ++lane) {
        layout.lanes.append({layers[lane], QRectF(0, lane * laneHeight, size.width(), laneHeight)});
        const double width = size.width() - laneName;
        const auto count = double(rows[lane].size());
        const double boxWidth = std::min(node.width(), width / count * 0.86);
        for (int i = 0; i < rows[lane].size(); ++i) {
            // Every other lane is pushed aside, so that an edge that skips a layer does not run through its heads.
            const double push = (lane % 2 ? 0.5 : -0.5) * std::max(0.0, width / count - boxWidth) * 0.45;
            const QPointF centre(laneName + (i + 0.5) / count * width + push, (lane + 0.5) * laneHeight);
            layout.nodes[rows[lane][i]] =
                QRectF(centre.x() - boxWidth / 2, centre.y() - boxHeight / 2, boxWidth, boxHeight);
        }
    }
    if (logits) {
        const QPointF centre(laneName + (size.width() - laneName) / 2, (lanes - 0.5) * laneHeight);
        layout.logits = QRectF(centre.x() - node.width() / 2, centre.y() - boxHeight / 2, node.width(), boxHeight);
    }
    for (int i = 0; i < view.edges.size(); ++i) {
        const GraphEdge &edge = view.edges[i];
        const int from = nodeOf(view, edge.from), to = nodeOf(view, edge.to);
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
        const double bend = std::max(20.0, (curve.to.y() - curve.from.y()) * 0.45);
        curve.control1 = curve.from + QPointF(0, bend);
        curve.control2 = curve.to - QPointF(0, bend);
    }
    return layout;
}

} // namespace patchbay::widgets
