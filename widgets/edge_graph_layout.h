// Where the nodes and edges of a graph of edges lie: layers upward, heads by their number, MLPs in a column of their
// own, the embedding below and the logits above as bars. Plain, testable without a window.
#pragma once

#include "graph_layout.h"
#include "views.h"

namespace patchbay::widgets {

struct EdgeGraphLayout {
    QVector<QRectF> nodes;     ///< one per view.nodes
    QVector<GraphCurve> edges; ///< one per view.edges
    QVector<GraphLane> lanes;  ///< the layers that have nodes, bottom to top

    int nodeAt(QPointF point) const;               ///< -1: none
    int edgeAt(QPointF point, double reach) const; ///< nearest within reach, -1: none
};

/// Lays out in `size`; box: of a head, which is never larger and smaller where there is no room; laneName: room kept
/// free on the left for the names of layers. Lengths are pixels or millimetres. A head's place across follows from its
/// number alone as far as boxes keep clear of each other: what stays in the circuit hardly moves.
EdgeGraphLayout layoutEdgeGraph(const EdgeGraphView &view, QSizeF size, QSizeF box, double laneName);

/// "L9H6", "MLP 3", "embedding", "logits".
QString nodeName(const EdgeGraphNode &node);
/// "9.6", "M3": where there is little room.
QString shortNodeName(const EdgeGraphNode &node);
/// "q", "k", "v", or nothing.
QString endName(EdgeEnd end);
/// "L7H3 → L9H6 q".
QString edgeName(const EdgeGraphView &view, const EdgeGraphEdge &edge);
/// "L7H3 → L9H6 q  +1.2 % (exact; EAP-IG +1.4 %)".
QString edgeReadout(const EdgeGraphView &view, const EdgeGraphEdge &edge);
/// "L9H6  name mover   3 edges in (q 2, v 1), 2 out".
QString nodeReadout(const EdgeGraphView &view, int node);

/// How full a graph is, 0 … 1: edges of a full one are thinner, and its weak ones paler.
double fullness(const EdgeGraphView &view);
/// How strong an edge looks, 0 … 1, by its share of the largest: the root of it, so that weak ones are still told
/// apart, where there are few edges, and the share itself where there are many.
double edgeStrength(const EdgeGraphView &view, const EdgeGraphEdge &edge, double largest);
double largestScore(const EdgeGraphView &view);
/// Edges from what lies below to what lies on top: outside of the circuit, then weak ones, then strong ones.
QVector<int> drawingOrder(const EdgeGraphView &view);

} // namespace patchbay::widgets
