// Graphs with scores and circuits in the files of EAP-IG and MIB (JSON, .pt), and edges as a table.
#pragma once

#include "edges/circuit.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace patchbay {

/// What such a file holds.
struct ScoredGraph {
    EdgeGraph graph;
    int d_model = 0;
    std::vector<float> scores; ///< [writers, readers], the highest keep the behaviour (of_files); 0 where there is none
    Circuit circuit;           ///< the edges that are in_graph; its name is the file's, without folder and extension
    bool scored = false;       ///< whether any edge has a score
};

/// {"cfg": {n_layers, n_heads, parallel_attn_mlp, d_model}, "nodes": {name: {in_graph}}, "edges": {name: {score,
/// in_graph}}}. Nodes may also be plain flags, edges may be missing: they have the score 0 and are not in the circuit.
/// A file of torch.save (.pt) has the same as tables: cfg, edges_scores and edges_in_graph [writers, readers],
/// nodes_in_graph. Throws Error naming the file and the edge, node or field that is wrong.
ScoredGraph read_scored_graph(const std::filesystem::path &path);
/// The same, which must be of this graph. Throws Error saying what is different.
ScoredGraph read_scored_graph(const std::filesystem::path &path, const EdgeGraph &graph);
/// scores: empty, or [writers, readers]; edges and nodes are in_graph where kept has them. Throws Error.
void write_scored_graph(const std::filesystem::path &path, const ScoredGraph &graph);

/// A table with a line for each real edge (with kept: of those): edge, writer, reader, then the columns, whose values
/// are [writers, readers]; NaN leaves a field empty. Throws Error.
struct EdgeColumn {
    std::string name;
    std::vector<float> values;
};
void write_edge_table(const std::filesystem::path &path, const EdgeGraph &graph, const std::vector<EdgeColumn> &columns,
                      const EdgeMask *kept = nullptr);

} // namespace patchbay
