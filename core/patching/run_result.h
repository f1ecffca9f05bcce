// RunResult: the numbers of a run, per prompt, with what each of them is. Immutable once published; partial ones are
// snapshots.
#pragma once

#include "base/array.h"
#include "spec/run_spec.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace patchbay {

enum class CellState : uint8_t { Missing, Estimated, Exact };

/// The metric [prompts] in the two unpatched runs, and what else the baseline panel shows.
struct Baseline {
    Metric metric = Metric::LogitDiff;
    std::vector<float> clean, flipped;               ///< of the metric, per prompt
    std::vector<uint8_t> clean_rank0, flipped_rank0; ///< whether the argmax at END is IO
    double clean_mean = 0, flipped_mean = 0;
    double accuracy_clean = 0, accuracy_flipped = 0; ///< share of prompts with logit diff > 0
    double rank0_clean = 0, rank0_flipped = 0;
    double least_gap = 0; ///< a smaller one counts as none (series over training); not part of what was computed
    double gap() const { return clean_mean - flipped_mean; }
    /// Whether a mean is nothing beside the logit differences themselves, or not finite: dividing by it gives numbers
    /// without end. The one place that decides.
    bool vanishes(double mean) const;
    /// Whether shares of the gap say anything: not for mirrored pairs, or a model that does not tell the runs apart
    /// (yet), nor of a rank or a divergence.
    bool shares_make_sense() const { return info(metric).shares && !vanishes(gap()) && !(std::abs(gap()) < least_gap); }
    /// What a change of the metric is divided by to be an effect: the gap, or 1 where shares make no sense.
    double scale() const { return shares_make_sense() ? gap() : 1; }
};

/// How effects are written for people: in % of the gap, or in the metric's own unit where shares make no sense.
struct EffectUnit {
    double factor = 100;      ///< of normalised()
    std::string symbol = "%"; ///< or "logits", "nats" …
    int digits = 1;
    bool share = true;
};
EffectUnit effect_unit(const Baseline &baseline);
/// "+23.4 %", "+0.123 logits".
std::string effect_text(double normalised_effect, const EffectUnit &unit);
/// What people must know about the gap before they read effects: that it vanishes, or that it is below 0. Empty
/// otherwise.
std::string gap_note(const Baseline &baseline);

/// Where a cell lies; -1 where the grid has no such axis.
struct CellPlace {
    int layer = -1, position = -1, head = -1;
    bool operator==(const CellPlace &) const = default;
};
/// "L9H6", "L9H6 pos 4", "L9"; "together" for the one cell of a single run.
std::string label(const CellPlace &place);

/// One sweep's cells: axes such as {"layer", "head"}, {"layer", "pos", "head"}, {"layer"} or none (a single run).
struct Grid {
    std::string name; ///< "denoise.z", "path", "zero.z" — the tensor's name in files
    std::vector<std::string> axes;
    std::vector<int> shape; ///< one size per axis
    int prompts = 0;
    std::vector<float> per_prompt; ///< [cells, prompts] metric of the patched run; NaN where missing
    std::vector<float>
        estimate; ///< [cells] effect, as normalised() gives it, by attribution patching; empty when there is none
    std::vector<CellState> state; ///< [cells]
    Direction direction = Direction::Denoise;
    double flops = 0; ///< of RunResult::flops, those of its cells

    int cells() const { return static_cast<int>(state.size()); }
    std::span<const float> cell(int index) const
    {
        return {per_prompt.data() + size_t(index) * size_t(prompts), size_t(prompts)};
    }
    /// Layer, position and head of a cell.
    CellPlace at(int cell) const;
    /// Whether the columns are heads: a grid over positions or layers alone has none to select.
    bool has_heads() const { return !axes.empty() && axes.back() == "head"; }
    /// Index of (layer, head) or (layer) in a grid with these axes.
    int index(int layer, int head = 0) const { return shape.size() >= 2 ? layer * shape[1] + head : layer; }
};

struct RunResult {
    RunSpec spec;
    Baseline baseline;
    std::vector<Grid> grids;
    ArrayMap arrays;        ///< what analyses produce, named as in fixtures
    nlohmann::json summary; ///< what analyses conclude (roles, tables); null for sweeps
    std::string model_sha256, version;
    std::string arithmetic; ///< what products with weights were computed in, for people; empty in older files: float32
    /// What computed it where that is not the processor's own engine alone: "cuda:0", or "cuda:0 (runs and patched
    /// cells) and the processor". Else empty.
    std::string computed_on;
    double seconds = 0;
    double first_exact_seconds = -1;
    double flops = 0;      ///< minimal arithmetic of the exact cells, also of those that a stopped run had
    bool complete = false; ///< false: stopped early; missing cells say so
    /// Another metric of its cells needs no patching, in the session that computed it; not in files.
    bool keeps_ends = false;

    const Grid *grid(std::string_view name) const;
};
using RunResultPtr = std::shared_ptr<const RunResult>;
/// Array of results of mean ablation, [positions]: over how many prompts the mean at each position is.
inline constexpr const char *mean_prompts = "mean.prompts_at_position";
/// For captions: "The mean is over 12 to 70 prompts, as many as reach a position."; empty for other results.
std::string mean_note(const RunResult &result);

/// The metric in the run that a grid's effects are counted from, [prompts].
const std::vector<float> &base_values(const Grid &grid, const Baseline &baseline);
/// Effect of a cell as a share of the clean–flipped gap, from the mean of the metric: denoising (patched − flipped)
/// / gap, noising and ablations (patched − clean) / gap; where shares make no sense (Baseline) the difference itself.
/// NaN while missing; the estimate where only that is there.
double normalised(const Grid &grid, int cell, const Baseline &baseline);
/// The same for one prompt, with the mean gap as the scale.
double normalised(const Grid &grid, int cell, int prompt, const Baseline &baseline);
/// Half-width of the 95 % bootstrap interval over prompts of normalised(), seeded by the cell's index. NaN while
/// missing, and where the interval has no end because some resampled gap vanishes.
double bootstrap_half_width(const Grid &grid, int cell, const Baseline &baseline, int samples = 1000);

/// Of all grids.
int all_cells(const RunResult &result);
int exact_cells(const RunResult &result);

/// Grids and baselines under the names of CLI.md (per prompt, and ".normalised").
ArrayMap to_arrays(const RunResult &result);
/// A result file: arrays, with the spec and the rest as metadata, readable again. The extension chooses the format.
/// Throws Error.
void save_result(const std::filesystem::path &path, const RunResult &result);
RunResult load_result(const std::filesystem::path &path);
/// Whether a file says that it is one, by its metadata alone; false also where it cannot be read.
bool is_result_file(const std::filesystem::path &path);

} // namespace patchbay
