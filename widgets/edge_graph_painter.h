// Draws a laid-out graph of edges: all of it, or what belongs to one node or edge on top of the rest.
#pragma once

#include "edge_graph_layout.h"
#include "theme.h"

#include <QFont>

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace patchbay::widgets {

/// What a graph is drawn from; refers to the widget's own values for the duration of a paint.
struct EdgeGraphScene {
    const EdgeGraphView &view;
    const EdgeGraphLayout &layout;
    Theme theme;
    QFont font;
    QVector<HeadId> selected = {};
    int node = -1, edge = -1;           ///< clicked
    int hoverNode = -1, hoverEdge = -1; ///< under the pointer

    /// Whether something is picked out: the rest is dimmed then.
    bool focused() const { return node >= 0 || edge >= 0 || hoverNode >= 0 || hoverEdge >= 0; }
    /// Whether an edge belongs to what is picked out; what is under the pointer counts before what was clicked.
    bool isLit(int index) const;
};

/// Layers, edges and nodes.
void paintEdgeGraph(QPainter &painter, const EdgeGraphScene &scene);
/// Over that: a veil, and what is picked out.
void paintEdgeGraphFocus(QPainter &painter, const EdgeGraphScene &scene, const QRectF &area);

/// The size of a head's box that holds its name, its role where there are any, and the letters of its inputs.
QSizeF edgeGraphBox(const EdgeGraphView &view, const QFont &font);

} // namespace patchbay::widgets
