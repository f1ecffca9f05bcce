// Where the nodes and edges of a circuit graph lie: layers from top to bottom, few crossings. Plain, testable without a
// window.
#pragma once

#include "views.h"

#include <QPointF>
#include <QRectF>
#include <QSize>
#include <QVector>

namespace patchbay::widgets {

/// A cubic curve from the lower edge of a sender to the upper edge of a receiver.
struct GraphCurve {
    QPointF from, control1, control2, to;
    QPointF at(double t) const;
    /// Distance of a point from the curve, by sampling; good to a pixel for what fits on a screen.
    double distanceTo(QPointF point) const;
};

struct GraphLane {
    int layer = 0;
    QRectF rect; ///< the whole width, for the layer's name and ground
};

struct GraphLayout {
    QVector<QRectF> nodes;     ///< one per view.nodes
    QVector<GraphCurve> edges; ///< one per view.edges; an edge to an unknown node has a null curve
    QVector<GraphLane> lanes;  ///< the layers that have nodes, top to bottom
    QRectF logits;             ///< the last node, null when no edge goes there

    int nodeAt(QPointF point) const;               ///< -1: none
    int edgeAt(QPointF point, double reach) const; ///< nearest within reach pixels, -1: none
};

/// Lays out in `size`; node: size of a head's box; laneName: room kept free on the left for the names of layers.
/// Lengths are pixels or millimetres. Layers without heads have no lane; a layer whose heads do not fit side by side
/// has several rows of them, so that boxes are never narrower than `node` unless one alone is too wide.
GraphLayout layoutGraph(const GraphView &view, QSizeF size, QSizeF node, double laneName);

/// How many rows of boxes that makes, with the one of the logits.
int graphRows(const GraphView &view, double width, double nodeWidth, double laneName);

/// Whether an edge goes to the logits.
bool reachesLogits(const GraphView &view);

/// Index of the node of a head, -1: none.
int nodeOf(const GraphView &view, HeadId head);

/// Pen width of an edge: 1.2 … 7 pixels by |effect| over the largest one.
double edgeWidth(double effect, double largest);

} // namespace patchbay::widgets
