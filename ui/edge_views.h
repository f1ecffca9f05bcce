// From numbers of edges to what views and figures draw.
#pragma once

#include "edge_numbers.h"
#include "views.h"

#include <functional>

namespace patchbay {

/// The node of a writer; -1: the logits.
widgets::EdgeGraphNode graphNode(const EdgeGraph &graph, int writer);
/// The other way round; -1 for the logits.
int writerOf(const EdgeGraph &graph, const widgets::EdgeGraphNode &node);

using RoleOf = std::function<QString(widgets::HeadId)>;

/// What of the graph is shown beside the circuit.
struct OutsideEdges {
    bool shown = false;
    int node = -2; ///< around this writer (-1: the logits); -2: of the whole graph
    int most = 24; ///< so many of the strongest
};
/// The circuit (pruned), its strongest edges where there are more than can be told apart, and what of the rest is
/// asked for. Edges without a number are drawn as weak ones.
widgets::EdgeGraphView edgeGraphView(const EdgeNumbers &numbers, const EdgeMask &kept, const RoleOf &roleOf = {},
                                     const OutsideEdges &outside = {}, int most = 1000);
/// Strongest edges into and out of a writer (-1: the logits), those of the circuit marked. cells: the edge of each bar.
widgets::BarsView nodeBars(const EdgeNumbers &numbers, const EdgeMask &kept, int writer, int each = 12,
                           std::vector<size_t> *cells = nullptr);

/// Which rows and columns of the edge matrix are shown.
enum class MatrixPart {
    Layers,  ///< the strongest edge from each layer's writers to each layer's readers
    Circuit, ///< writers and readers of the circuit
    All      ///< every writer and reader, or those of a block
};
/// A part of the matrix of writers × readers. kept: for Circuit, and to mask what is outside of it.
struct MatrixOptions {
    MatrixPart part = MatrixPart::Circuit;
    bool maskOutside = false;
    bool block = false; ///< of All: writers of one layer (-1: the embedding), readers of one (the last: the logits)
    int fromLayer = -1, toLayer = -1;
};
struct EdgeMatrix {
    widgets::HeatmapView view;
    std::vector<int> writers, readers; ///< of the rows and columns; of Layers: −1 the embedding, layers, the logits
};
EdgeMatrix edgeMatrix(const EdgeNumbers &numbers, const EdgeMask &kept, const MatrixOptions &options);
/// More cells than that are neither drawn in time nor told apart.
inline constexpr size_t mostMatrixCells = 250'000;

/// A faithfulness curve with its name, by size and by signed score; CPR and CMD stand in the names of its lines.
widgets::LinesView curveLines(const std::vector<RunResultPtr> &curves, bool logarithmic = true);
bool hasCurve(const RunResult &result);

/// "Estimated by EAP-IG (inputs): …; 12 of 300 edges exact. …": what of a figure is estimated and what exact.
QString edgesCaption(const EdgeNumbers &numbers, const EdgeMask &kept, const RunResult *result);
/// What a circuit came to, for captions: "Faithfulness 0.91 …".
QString curveCaption(const std::vector<RunResultPtr> &curves);

} // namespace patchbay
