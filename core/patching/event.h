// What a computation tells while it goes on, as values: whoever hears all of a run's events has its result, in this
// process or another.
#pragma once

#include "patching/run_result.h"
#include "patching/stability.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace patchbay {

struct AttentionPattern; // patching/session.h
struct Setup;            // requests/setup.h
struct StepOutcome;      // analysis/recipe.h
struct CacheListing;     // hub/listing.h
struct DownloadPlan;     // hub/download.h
struct Trial;            // analysis/trial.h
struct SeriesResults;    // analysis/series_results.h
struct SeriesMeasures;   // analysis/series_measures.h

/// Once, before the first cell: the empty grids and the baseline.
struct Started {
    RunResult result;
};

/// Cells that have just become exact, or estimated.
struct Cells {
    int grid = 0;
    CellState state = CellState::Exact;
    std::vector<int> cells;
    std::vector<float> per_prompt; ///< [cells, prompts] metric; empty for estimates that are of the mean alone
    std::vector<float> estimates;  ///< [cells] normalised effect; empty for exact cells
    double flops = 0;              ///< minimal arithmetic of them, also where an earlier, stopped run computed them
    double seconds = -1;           ///< of computing since the start of the run; negative where they were known before
};

/// Exact cells done, of how many; for other work, shares of it and what is being done, for people.
struct Progress {
    int done = 0, total = 0;
    std::string what;
    double work_left = -1; ///< of all that was asked for with it, such as a recipe's steps; negative: not said
};

/// What the events of a run have not said by its end.
struct RunEnd {
    bool complete = false;
    double seconds = 0;
    ArrayMap arrays;
    nlohmann::json summary;
    bool keeps_ends = false;
};

using SetupPtr = std::shared_ptr<const Setup>;
using AttentionPatterns = std::vector<std::shared_ptr<const AttentionPattern>>;
/// Of the 95 % intervals, [cell] of each grid and array of cells_with_intervals(), as half_width_of says.
using HalfWidths = std::map<std::string, std::vector<double>>;
/// One for each step of a recipe.
using StepOutcomes = std::vector<StepOutcome>;
using CacheListingPtr = std::shared_ptr<const CacheListing>;
using DownloadPlanPtr = std::shared_ptr<const DownloadPlan>;
using RevisionsPtr = std::shared_ptr<const std::vector<std::string>>;
using TrialPtr = std::shared_ptr<const Trial>;
using SeriesResultsPtr = std::shared_ptr<const SeriesResults>;
using SeriesMeasuresPtr = std::shared_ptr<const SeriesMeasures>;

/// What a request came to.
using Reply =
    std::variant<RunEnd, SetupPtr, AttentionPatterns, HalfWidths, Stabilities, std::shared_ptr<const StepOutcomes>,
                 CacheListingPtr, DownloadPlanPtr, RevisionsPtr, TrialPtr, SeriesResultsPtr, SeriesMeasuresPtr>;
struct Done {
    Reply reply;
};

/// What went wrong: what it is about, why, and what can be done next where that is known.
struct Failed {
    std::string subject, cause, next_step;
};

using Event = std::variant<Started, Cells, Progress, Done, Failed>;
using Tell = std::function<void(const Event &)>;

/// Takes what an event says about a run over into its result; events that say nothing about a run change nothing. All
/// of a run's events in their order, from Started to Done, make the result that the run itself ends with.
void apply(RunResult &result, const Event &event);

/// Before cells from a file or another process are applied: throws Error naming the place where they are not cells of
/// the result's grids or the values not theirs.
void check_cells(const Cells &event, const RunResult &result, const std::string &place);

/// An observer that hears of progress only.
Tell on_progress(std::function<void(int done, int total)> call);

/// Explains any exception to a person.
Failed failed_of(std::exception_ptr error);

} // namespace patchbay
