// The analyses around the sweeps: what heads write, copy, attend to, and which of them take over.
#pragma once

#include "analysis/registry.h"
#include "patching/session.h"

#include <map>
#include <string>
#include <vector>

namespace patchbay {

class KnownRuns;

/// Runs a spec of an analysis: one of analyses() (analysis/registry.h), which say what they need and yield. Tensors are
/// named as in fixtures
/// ("dla" [layers, heads, prompts], "copy.positive" [layers, heads] …) in RunResult::arrays; what they amount to is in
/// RunResult::summary. Throws Error naming the analysis, or the parameter or position that is missing; Cancelled. What
/// it needs of other runs and analyses is taken from known, and kept there; null: nothing is known.
RunResult run_analysis(Session &session, const RunSpec &spec, const RunObserver &observer = {},
                       const CancelToken &cancel = {}, KnownRuns *known = nullptr);

/// Hashes of what is in the files that the parameters of an analysis name, by parameter; of names that are no files (a
/// corpus that comes with the program) there are none. An object. run_analysis keeps it in the summary as "files".
nlohmann::json file_hashes(const Analysis &analysis);

/// Mean and 95 % bootstrap interval over prompts (1,000 resamples, seeded).
struct Interval {
    double mean = 0, low = 0, high = 0;
};
Interval bootstrap(const std::vector<float> &per_prompt, int samples = 1000, uint64_t seed = 1);

/// The grids of a result, and its arrays [layers, heads, prompts] some of whose means are negative, with their numbers
/// of cells. What cannot be negative (a score, a share, a divergence from the run that it begins from) is not compared
/// with zero, and left out.
std::map<std::string, int> cells_with_intervals(const RunResult &result);
/// Half-width of the 95 % bootstrap interval over prompts, of a grid's cell as bootstrap_half_width says, of the mean
/// of a head of an array [layers, heads, prompts] in its unit. NaN where there is none.
double half_width_of(const RunResult &result, const std::string &name, int cell);
/// The same of a head, in the unit of quantity() (analysis/selection.h).
double half_width_of(const RunResult &result, const std::string &name, Head head);

/// Heads of a [layers, heads] grid by signed value, strongest first: sign +1 the most positive, −1 the most negative.
struct RankedHead {
    Head head;
    double value = 0;
};
std::vector<RankedHead> top_heads(const std::vector<double> &values, int layers, int heads, int count, int sign);

} // namespace patchbay
