// The analyses around the sweeps: what heads write, copy, attend to, and which of them take over.
#pragma once

#include "patching/session.h"

#include <string>
#include <vector>

namespace patchbay {

/// Runs a spec of Method::Analysis. Tensors are named as in fixtures ("dla" [layers, heads, prompts], "copy.positive" [layers, heads] …) in
/// RunResult::arrays; what they amount to is in RunResult::summary. spec.heads and spec.options hold the parameters:
///
/// | analysis     | parameters                              | arrays |
/// |--------------|-----------------------------------------|--------|
/// | dla          | –                                       | dla, dla.scale_last_position, accumulated.dla, components.dla, unembed_bias_diff |
/// | copy-scores  | threshold (75)                          | copy.positive, copy.negative |
/// | ablate       | heads; mode zero, mean, resample        | ablate.logit_diff, ablate.logits_at_end, ablate.dla, ablate.dla.scale_last_position |
/// | s2i          | heads = candidates; name_movers         | s2i.* |
/// | attention    | –                                       | attention.end_to_io, .end_to_s1, .end_to_s2 |
/// | detectors    | seed, tokens [[…]]                      | detector.* |
/// | logit-lens   | –                                       | lens.logit_diff |
/// | attention-vs-contribution | heads = one head           | attention.io, attention.s, contribution.io, contribution.s [prompts] |
/// | attention-patterns | heads; prompt (0); flipped, value_weighted (false) | pattern.<layer.head> [pos, pos] on one prompt; tokens in the summary |
/// | roles        | thresholds (analysis/roles.h)           | roles.* [layers, heads]: the numbers that the labels rest on |
///
/// Throws Error naming the analysis, or the parameter or position that is missing; Cancelled.
RunResult run_analysis(Session &session, const RunSpec &spec, const RunObserver &observer = {}, const CancelToken &cancel = {});

/// The names that run_analysis knows.
const std::vector<std::string> &analysis_names();

/// Mean and 95 % bootstrap interval over prompts (1,000 resamples, seeded).
struct Interval {
    double mean = 0, low = 0, high = 0;
};
Interval bootstrap(const std::vector<float> &per_prompt, int samples = 1000, uint64_t seed = 1);

/// Heads of a [layers, heads] grid by signed value, strongest first: sign +1 the most positive, −1 the most negative.
struct RankedHead {
    Head head;
    double value = 0;
};
std::vector<RankedHead> top_heads(const std::vector<double> &values, int layers, int heads, int count, int sign);

} // namespace patchbay
