// What a run's effects are effects on: one table, which specs, captions and views read. The arithmetic is the engine's
// (patching/detail/readout.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace patchbay {

struct MetricInfo {
    const char *name;           ///< as written in specs: "logit_diff"
    const char *words;          ///< in a sentence: "logit difference"
    const char *effect_label;   ///< at a colour bar or axis: "Logit diff variation"
    const char *estimate_label; ///< the same for first-order estimates
};

/// The rows of the table; the first is the default.
std::span<const MetricInfo> metrics();
/// Null for a name that is not known.
const MetricInfo *find_metric(std::string_view name);
/// "'x' is not a metric; one of logit_diff", for errors.
std::string unknown_metric(std::string_view name);

} // namespace patchbay
