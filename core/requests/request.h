// What can be asked of whoever computes, as values: they cross to another thread, and could cross to another process.
#pragma once

#include "analysis/recipe.h"
#include "analysis/series_measures.h"
#include "analysis/trial.h"
#include "hub/hub_name.h"
#include "requests/setup.h"
#include "requests/snapshot.h"

#include <variant>
#include <vector>

namespace patchbay {

// Answer: what the one who asked is given in the end.

/// A model with its task; what was there before stays when it fails.
struct SetUpRequest {
    using Answer = SetupPtr;
    ModelRef model;
    TaskRef task;
};

/// A sweep or an analysis. Events: Started, Cells, Progress.
struct RunRequest {
    using Answer = Snapshot;
    RunSpec spec;
    RunResultPtr resume = {}; ///< a stopped run of the same spec; may be null
    bool soon = false;        ///< somebody looks and waits: an analysis of some tenths of a second
    bool estimates = true;    ///< RunObserver::estimates
};

/// Patterns of heads in the cached runs: milliseconds.
struct AttentionRequest {
    using Answer = AttentionPatterns;
    std::vector<AttentionOf> wanted;
};

/// The pattern of a head in a run with these nodes patched: two whole passes.
struct PatchedAttentionRequest {
    using Answer = AttentionPatterns;
    Head head;
    RunSpec spec;
    std::vector<Node> patched;
};

/// A prompt that somebody types, with the open model: a pass or two.
struct TryRequest {
    using Answer = TrialPtr;
    TrialQuestion question;
};

/// Bootstrap half-widths of every cell: too slow for a thread that draws.
struct IntervalsRequest {
    using Answer = HalfWidths;
    RunResultPtr result;
};

/// How stable the rankings of a result are: some tenths of a second.
struct StabilityRequest {
    using Answer = Stabilities;
    RunResultPtr result;
};

/// Another recipe, every step pending. known: results that its steps need not compute again.
struct BeginRecipeRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    Recipe recipe;
    ModelRef model;
    TaskRef task;
    std::vector<RunResultPtr> known = {};
};

struct EditStepRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    size_t step = 0;
    nlohmann::json body;
};

struct SkipStepRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    size_t step = 0;
};

struct ForgetStepRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    size_t step = 0;
};

/// The folder that the recipe's results are written into, as the command line does: what a report is drawn from.
struct SaveRecipeRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    std::filesystem::path folder;
};

/// A step that fails is an outcome. Events: Progress, with the work left of the step and of those to come after it.
struct RunStepRequest {
    using Answer = std::shared_ptr<const StepOutcomes>;
    size_t step = 0;
    std::vector<size_t> after = {};
};

/// What the Hugging Face cache holds.
struct ListCacheRequest {
    using Answer = CacheListingPtr;
};

/// What a download would fetch: asks the hub.
struct PlanDownloadRequest {
    using Answer = DownloadPlanPtr;
    HubName name;
};

/// The branches and tags of a model at the hub, by its name.
struct ListRevisionsRequest {
    using Answer = RevisionsPtr;
    std::string model;
};

/// Fetches what a plan says. Events: Progress, in thousandths of all bytes.
struct DownloadRequest {
    using Answer = DownloadPlanPtr;
    DownloadPlanPtr plan;
};

/// A series in a folder, as it is read back; known: an earlier reading of it, or null.
struct OpenSeriesRequest {
    using Answer = SeriesResultsPtr;
    std::filesystem::path folder;
    SeriesResultsPtr known = {};
};

/// Prepares a series in a folder; what lies there of it already is the answer. An earlier one is let go.
struct BeginSeriesRequest {
    using Answer = SeriesResultsPtr;
    SeriesPlan plan;
    std::filesystem::path folder;
};

/// The next step of the series that was begun; nothing is pending in the answer where it was the last. Events:
/// Progress, in thousandths of the step, with its name.
struct SeriesStepRequest {
    using Answer = SeriesResultsPtr;
    SeriesResultsPtr known = {};
};

/// Lets the series that was begun go, with its folder and what it fetches. The answer is null.
struct EndSeriesRequest {
    using Answer = SeriesResultsPtr;
};

/// Numbers of a series, with their intervals.
struct MeasureSeriesRequest {
    using Answer = SeriesMeasuresPtr;
    SeriesResultsPtr series;
    MeasureOptions options;
};

using Request = std::variant<SetUpRequest, RunRequest, AttentionRequest, PatchedAttentionRequest, TryRequest,
                             IntervalsRequest, StabilityRequest, BeginRecipeRequest, EditStepRequest, SkipStepRequest,
                             ForgetStepRequest, SaveRecipeRequest, RunStepRequest, ListCacheRequest,
                             PlanDownloadRequest, ListRevisionsRequest, DownloadRequest, OpenSeriesRequest,
                             BeginSeriesRequest, SeriesStepRequest, EndSeriesRequest, MeasureSeriesRequest>;

/// What waits for what: more urgent requests are served between two parts of a less urgent one, and before those that
/// wait.
enum class Urgency {
    Long,  ///< one after the other
    Soon,  ///< some tenths of a second, and somebody is looking
    Quick, ///< milliseconds
};
Urgency urgency(const Request &request);

/// Needs neither a model nor what a session knows, but results that the one who asks has already, or their folder.
bool is_of_results(const Request &request);

/// Waits for disks and networks and needs no model: such requests need not wait for those that compute.
bool only_fetches(const Request &request);

} // namespace patchbay
