// Circuits: sets of edges that are kept, how they are chosen by scores, and what is computed of them without a model.
#pragma once

#include "edges/graph.h"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace patchbay {

/// 1 for each edge that is kept, [writers, readers] of its graph.
using EdgeMask = std::vector<uint8_t>;

/// A set of edges with a name.
struct Circuit {
    std::string name;
    EdgeMask kept;
};

int64_t count(const EdgeMask &kept);

// Choosing. scores [writers, readers]; of equal ones the edge with the smaller index comes first.

/// Which scores are best: the largest by size, the highest, or the lowest (the most negative). Of a signed choice
/// keeping_order (scores.h) says which of the latter two.
enum class EdgeOrder { Size, Highest, Lowest };

/// Real edges, best first.
std::vector<Edge> ranked_edges(const EdgeGraph &graph, std::span<const float> scores, EdgeOrder order);
/// The n best of all.
EdgeMask top_edges(const EdgeGraph &graph, std::span<const float> scores, int64_t n, EdgeOrder order);
/// From the logits down, always the best edge into a node that is already in.
EdgeMask greedy_edges(const EdgeGraph &graph, std::span<const float> scores, int64_t n, EdgeOrder order);
/// All with |score|, score, or (the lowest first) −score of at least that much.
EdgeMask edges_above(const EdgeGraph &graph, std::span<const float> scores, double threshold, EdgeOrder order);
/// All edges among these heads, the input, the logits and, with mlps, every MLP.
EdgeMask edges_among(const EdgeGraph &graph, const std::vector<std::pair<int, int>> &heads, bool mlps);
/// Nodes without incoming edges (the input counts as having one) or without outgoing ones are dropped with their
/// edges, until nothing changes.
EdgeMask pruned(const EdgeGraph &graph, EdgeMask kept);

/// What faithfulness a circuit may have, guessed from scores [writers, readers] alone, in no time: the share of the
/// scores into the logits that still arrives, where every node passes on as much of its scores as arrives of those into
/// it (0 … 1.5). 1 for the full graph, 0 for the empty one. No substitute for a run: on the demo model within 0.06.
double estimated_faithfulness(const EdgeGraph &graph, std::span<const float> scores, const EdgeMask &kept);

/// Real edges that are not kept.
EdgeMask complement(const EdgeGraph &graph, const EdgeMask &kept);
EdgeMask united(const EdgeMask &a, const EdgeMask &b);
EdgeMask intersected(const EdgeMask &a, const EdgeMask &b);
EdgeMask subtracted(const EdgeMask &a, const EdgeMask &b);
/// Without the edges into and out of a writer's node.
EdgeMask without_node(const EdgeGraph &graph, EdgeMask kept, int writer);
/// The writers of nodes with an edge, ascending; the logits are none.
std::vector<int> nodes_of(const EdgeGraph &graph, const EdgeMask &kept);
/// Shared edges over edges of either; 1 where neither has any.
double jaccard(const EdgeMask &a, const EdgeMask &b);

/// Names of edges, separated by commas or spaces, into a set; empty sets are allowed. Throws Error naming the edge that
/// this graph does not have.
EdgeMask parse_edges(const EdgeGraph &graph, std::string_view names);
/// "input->a0.h1<q>,a0.h1->logits".
std::string edge_names(const EdgeGraph &graph, const EdgeMask &kept);

/// Rank correlation (Spearman, ties share their mean rank) of two numbers of the same things; NaN below two of them,
/// where one does not vary, and where one is not known.
double rank_correlation(std::span<const double> a, std::span<const double> b);

/// Shares of all edges at which MIB looks.
inline constexpr double usual_shares[] = {.001, .002, .005, .01, .02, .05, .1, .2, .5, 1};
/// int(share · edges).
int64_t edges_at(const EdgeGraph &graph, double share);
/// ∫ y dx through these points by trapezoids, on a linear axis.
double trapezoids(std::span<const double> x, std::span<const double> y);
/// CPR = ∫ f dp and CMD = ∫ |1 − f| dp.
double cpr(std::span<const double> shares, std::span<const double> faithfulness);
double cmd(std::span<const double> shares, std::span<const double> faithfulness);

/// How often each edge, and each writer's node, is in the circuit of n edges chosen by scores of resampled prompts.
struct Inclusion {
    std::vector<float> edges; ///< [writers, readers]
    std::vector<float> nodes; ///< [writers]
};
/// per_prompt [writers, readers, prompts]. As top_edges and pruned choose.
Inclusion inclusion(const EdgeGraph &graph, std::span<const float> per_prompt, int prompts, int64_t n, EdgeOrder order,
                    int samples = 1000, uint64_t seed = 1);

} // namespace patchbay
