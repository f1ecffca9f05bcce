// What a run's effects are effects on: one table, which specs, captions and views read, and the definitions over plain
// logits. The engine's own arithmetic, with gradients, is patching/detail/readout.h.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace patchbay {

enum class Metric { LogitDiff, ProbDiff, LogProb, Rank, Kl, Loss };

struct MetricInfo {
    Metric metric;
    const char *name;    ///< as written in specs: "logit_diff"
    const char *words;   ///< in a sentence: "logit difference"
    const char *short_;  ///< at a colour bar or axis: "logit diff"
    const char *unit;    ///< of its values: "logits", "nats" …
    const char *meaning; ///< what it is, for help and pages
    bool shares;     ///< effects are shares of the clean–flipped gap, where there is one; else they stay as they are
    bool vocabulary; ///< it reads the logits of all tokens
    bool slope;      ///< it has a gradient, and so first-order estimates
    bool from_clean; ///< how far a run is from the clean one: 0 and flat there, and nowhere below
    bool less_is_better; ///< the answer makes it small
};

/// The rows of the table; the first is the default.
std::span<const MetricInfo> metrics();
const MetricInfo &info(Metric metric);
/// Null for a name that is not known.
const MetricInfo *find_metric(std::string_view name);
/// "'x' is not a metric; one of logit_diff, prob_diff …", for errors.
std::string unknown_metric(std::string_view name);
/// The names, separated by commas.
std::string metric_names();

/// "Logit diff", in lists and before values.
std::string title(const MetricInfo &metric);
// At a colour bar or axis: "Logit diff variation" (a share of the gap), "Change of logit diff", "Estimated logit diff
// variation".
std::string effect_label(const MetricInfo &metric);
std::string change_label(const MetricInfo &metric);
std::string estimate_label(const MetricInfo &metric);

/// The metric of one position's logits [V], in double precision: its definition (DEFINITIONS §4). answers and wrongs:
/// token ids, at least one of each; clean: the clean run's logits [V], which the KL divergence alone reads.
///   logit_diff  mean logit of the answers − mean logit of the wrong ones (which is the mean over pairs, too)
///   prob_diff   Σ p(answers) − Σ p(wrongs)
///   log_prob    log Σ p(answers)
///   rank        how many tokens have a logit above the best answer's (0: it is on top)
///   kl          Σ p_clean log(p_clean / p)
///   loss        −log Σ p(answers): the cross-entropy of the next token
double metric_of_logits(Metric metric, std::span<const double> logits, std::span<const int64_t> answers,
                        std::span<const int64_t> wrongs, std::span<const double> clean = {});

} // namespace patchbay
