// Running circuits: the model on the clean prompts, in which edges that are not kept carry something else.
#pragma once

#include "edges/circuit.h"
#include "edges/replacement.h"
#include "edges/scores.h"
#include "patching/session.h"

#include <memory>
#include <span>
#include <vector>

namespace patchbay {

namespace detail {
class CircuitPass;
}

/// The metric per prompt of each circuit's run, [circuits][prompts]. At every reader with missing edges u→v, Σ
/// (replacement − what u writes in this very run) is added to what it reads; the heads of a layer that norms what they
/// write are put into the normed sum together (DEFINITIONS §1). Throws Cancelled.
std::vector<std::vector<float>> run_circuits(Session &session, const std::vector<EdgeMask> &circuits,
                                             EdgeReplacement replacement, Metric metric,
                                             const EdgeProgress &progress = {}, const CancelToken &cancel = {});

/// What numbers of circuits are counted from: everything replaced, and nothing.
struct CircuitScale {
    double full = 0, empty = 0;
    /// (M(C) − M(∅)) / (M(full) − M(∅)); NaN where the two are the same.
    double faithfulness(double mean) const;
    double faithfulness(const std::vector<float> &per_prompt) const;
};
/// With patching M(∅) is the flipped prompts' metric, otherwise the run of the empty circuit.
CircuitScale circuit_scale(Session &session, EdgeReplacement replacement, Metric metric,
                           const CancelToken &cancel = {});

/// The curve f(p): for each share p of all edges the top int(p · edges), pruned.
struct CurvePoint {
    double share = 0;
    int64_t asked = 0, kept = 0;
    double mean = 0, faithfulness = 0;
};
struct CircuitCurve {
    std::vector<CurvePoint> by_size, by_sign; ///< chosen by |score|, by keeping_order
    double cpr = 0, cmd = 0;                  ///< of by_sign, of by_size
};
/// scores: changes of the metric when noising.
CircuitCurve circuit_curve(Session &session, std::span<const float> scores, const std::vector<double> &shares,
                           EdgeReplacement replacement, Metric metric, const EdgeProgress &progress = {},
                           const CancelToken &cancel = {});

/// ACDC: from the full graph down, what can be left out.
struct AcdcOptions {
    double threshold = 0.01;
    bool kl = true; ///< distance: KL(full ‖ circuit) at END, else minus the metric
    EdgeReplacement replacement = EdgeReplacement::Patching;
    Metric metric = Metric::LogitDiff; ///< where it is not kl
};
/// Readers from the logits to the input, the senders of each from the last writer to the first: the edge is set to its
/// replacement, and stays so where the distance grows by less than the threshold. A node that no kept edge reads loses
/// its incoming edges without being tried. Throws Cancelled.
EdgeMask acdc(Session &session, const AcdcOptions &options, const EdgeProgress &progress = {},
              const CancelToken &cancel = {});

} // namespace patchbay
