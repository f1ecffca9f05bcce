// First-order estimates of what each edge carries: EAP and its integrated gradients (DEFINITIONS §1).
#pragma once

#include "edges/circuit.h"
#include "edges/edge_arrays.h"
#include "edges/replacement.h"
#include "patching/session.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

enum class EdgeMethod { Eap, EapIg, CleanCorrupted, EapIgActivations };

/// "eap", "eap-ig", "clean-corrupted", "eap-ig-activations".
std::string name(EdgeMethod method);
/// Throws Error listing the accepted names.
EdgeMethod parse_edge_method(std::string_view text);
/// "EAP", "EAP-IG (inputs)" …
std::string title(EdgeMethod method);

/// What is estimated: the change of the metric when one edge alone carries another value than in the base run.
struct EdgeEstimate {
    EdgeMethod method = EdgeMethod::EapIg;
    int steps = 5; ///< of the integrated gradients
    Direction direction = Direction::Noise;
    EdgeReplacement replacement = EdgeReplacement::Patching; ///< others: EAP alone
    Metric metric = Metric::LogitDiff;
};

struct EdgeScores {
    std::vector<float> mean;           ///< [writers, readers] over prompts, in the metric's unit; 0 where is no edge
    std::vector<float> standard_error; ///< [writers, readers] of the mean; NaN with one prompt
    std::vector<float> per_prompt;     ///< [writers, readers, prompts]; empty where memory does not allow it
};

/// Which scores, changes of the metric that one edge makes, are of edges that keep the behaviour: those that take the
/// metric furthest from the base run's mean towards the other run's. Most often the lowest when noising, the highest
/// when denoising; the other way round where the metric is lower on clean prompts (a loss, a rank, a divergence). The
/// one place that decides.
EdgeOrder keeping_order(const Baseline &baseline, Direction direction = Direction::Noise);
/// From such scores to those of EAP-IG's and MIB's files, the highest of which keep the behaviour, or back.
std::vector<float> of_files(std::vector<float> scores, EdgeOrder keeping);

using EdgeProgress = std::function<void(double share)>;

/// Throws Error naming what is not defined (a metric without gradient, or flat on the base run; steps below 1), and
/// Cancelled. Within the session's memory budget: prompts in groups, and per prompt only where the scores of all
/// prompts take at most an eighth of it.
EdgeScores edge_scores(Session &session, const EdgeEstimate &what, const EdgeProgress &progress = {},
                       const CancelToken &cancel = {});
/// Throws as edge_scores does, before anything is computed.
void check_estimate(const EdgeEstimate &what);

} // namespace patchbay
