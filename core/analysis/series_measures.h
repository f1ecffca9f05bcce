// What a series shows: heads over the steps, when they appear, how alike the steps are. Pure functions of its results.
#pragma once

#include "analysis/selection.h"
#include "analysis/series_results.h"
#include "base/array.h"

#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// The unpatched runs at one step: means over prompts, and half-widths of their 95 % bootstrap intervals.
struct BaselineAtStep {
    double clean = 0, flipped = 0, clean_half = 0, flipped_half = 0;
    double accuracy = 0; ///< share of prompts with a logit difference above 0 in the clean run
    double gap() const { return clean - flipped; }
    bool small = false; ///< no effect is given in % of it
};
/// [steps]; none where a step has no result of the part.
std::vector<std::optional<BaselineAtStep>> baselines(const SeriesResults &series, const std::string &part);

/// Whether an array of an analysis is in % of a gap that is too small for that.
bool blank_there(const RunResult &result, const std::string &array);

/// The names of the layer × head quantities that some step's result has, grids first: what heads_over_steps takes.
std::vector<std::string> head_quantities(const SeriesResults &series, const std::string &part);

/// A quantity of every head at every step.
struct HeadsOverSteps {
    std::string quantity; ///< "denoise.z"
    std::string words;    ///< "denoise.z", "copy score": what people call it
    std::string unit;     ///< "%", "logits", ""
    bool effect = false;  ///< a grid: it can be had in % of the gap and raw
    bool raw = false;     ///< effects as differences of the metric, not in % of the gap
    int layers = 0, heads = 0;
    struct Step {
        std::vector<double> values;     ///< [layers, heads]; NaN where missing; empty at a gap of the series
        std::vector<double> half_width; ///< the same; NaN where there is no interval; empty unless asked for
        bool blank = false;             ///< no percentages: the gap is small (raw: false)
    };
    std::vector<Step> steps;

    double at(size_t step, Head head) const;
    double half_width(size_t step, Head head) const;
    Head head(size_t cell) const { return {int(cell) / heads, int(cell) % heads}; }
};
/// raw: effects as differences of the metric (patched − base) at all steps; otherwise in % of each step's gap, NaN
/// where that is small. intervals: 95 %, by bootstrap, a thousand samples a head and step. Throws Error where no step
/// has such a quantity, or two steps have other heads.
HeadsOverSteps heads_over_steps(const SeriesResults &series, const std::string &part, const std::string &quantity,
                                bool raw, bool intervals, const CancelToken &cancel = {});

/// [layers, heads] the first step at which |value| is at least the threshold; none: it never is.
std::vector<std::optional<size_t>> first_steps(const HeadsOverSteps &heads, double threshold);

/// Heads by the largest |value| that they ever have, the strongest first, at most count.
std::vector<Head> strongest_heads(const HeadsOverSteps &heads, size_t count);

/// Of the `top` strongest heads by |value| of each: how many are in both, as a share of those in either. NaN where one
/// has no values.
double jaccard_top(const std::vector<double> &a, const std::vector<double> &b, size_t top);
/// Σ min |score| / Σ max |score| over all heads; a head whose score has another sign has nothing in common. NaN where
/// one has no values, or all are zero.
double weighted_jaccard(const std::vector<double> &a, const std::vector<double> &b);

/// [steps] how like a reference step every step is, and the one before it that has values.
struct Likeness {
    std::vector<double> top, weighted, top_before, weighted_before; ///< NaN where there is none
};
Likeness likeness(const HeadsOverSteps &heads, size_t reference, size_t top);

/// [steps] heads with their roles, as analysis "roles" and the steps of a recipe that conclude roles say; none where a
/// step has none of them, or a gap so small that its shares, by which roles are told, mean nothing.
struct RoleAtStep {
    Head head;
    std::string role;
};
std::vector<std::optional<std::vector<RoleAtStep>>> roles_over_steps(const SeriesResults &series);

/// How it is written: which numbers, and which heads.
struct MeasureOptions {
    std::string part;     ///< of a recipe; empty: the first that has heads
    std::string quantity; ///< empty: the first
    bool raw = false;
    double threshold = 0;            ///< of first_steps; 0: 10 (%), or a tenth of the largest value
    size_t top = 10;                 ///< of jaccard_top
    std::optional<size_t> reference; ///< none: the last step that has values
};

/// All of the above of one quantity, as the command line and the window write them.
struct SeriesMeasures {
    MeasureOptions options; ///< with what stood for what was left open
    HeadsOverSteps heads;
    std::vector<std::optional<BaselineAtStep>> baselines;
    std::vector<std::optional<size_t>> first;
    Likeness alike;
    std::vector<std::optional<std::vector<RoleAtStep>>> roles;
};
/// Throws Error where no part has a quantity of heads, or there is no such part, quantity or step.
SeriesMeasures measure(const SeriesResults &series, MeasureOptions options, const CancelToken &cancel = {});

/// "Step 0 and step 20 have a gap below 0.5: no percentages there."; empty where no step is blank.
std::string blank_note(const SeriesResults &series, const HeadsOverSteps &heads);

/// Files of these numbers beside series.json: measures.json, and as tables heads.csv (a row a head and step), table.csv
/// (heads × steps), steps.csv, first-steps.csv and, where there are roles, roles.csv. Returns their names. Throws
/// Error.
std::vector<std::string> write_measures(const std::filesystem::path &folder, const SeriesResults &series,
                                        const SeriesMeasures &measures);

} // namespace patchbay
