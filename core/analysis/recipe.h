// A recipe: a list of runs with references between them, such as "path patch every head into the queries of the name
// movers found in step 7".
#pragma once

#include "analysis/known_runs.h"
#include "analysis/registry.h"
#include "analysis/selection.h"
#include "base/error.h"
#include "patching/session.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// What a step does.
enum class StepKind {
    Baseline, ///< the two unpatched runs
    Run,      ///< a RunSpec, whose heads may be those of an earlier step
    Select,   ///< heads that meet criteria over earlier results
    Circuit   ///< roles, evidence and edges of everything found, as one table
};

struct RecipeStep {
    std::string id, title, note;
    StepKind kind = StepKind::Run;
    nlohmann::json body;            ///< the step as written: "spec", "criteria", "top", "view", "per_head" …
    std::vector<std::string> needs; ///< ids of the steps it refers to
};

struct Recipe {
    std::string name, title, description;
    std::vector<RecipeStep> steps;
};

/// Reads a recipe file, or one that comes with the program by its name ("ioi-circuit"). Throws Error naming file, step
/// and field.
Recipe load_recipe(const std::string &name_or_file);
/// Throws Error with `source` as the file's name.
Recipe recipe_from_json(const nlohmann::json &json, const std::string &source);
nlohmann::ordered_json to_json(const Recipe &recipe);

/// There is nothing to work on: a step that this one uses found no head or has not been run, the prompts have no such
/// positions, the gap vanishes. That is no failure of a step.
class NothingToDo : public Error {
public:
    using Error::Error;
};

enum class StepState { Pending, Running, Done, Nothing, Skipped, Failed };
std::string name(StepState state);

struct StepOutcome {
    StepState state = StepState::Pending;
    std::string message;             ///< what was found, or why nothing was, or what failed
    std::string caption;             ///< for the figure: what was patched into what, metric and direction
    RunResultPtr result;             ///< runs; selections and the circuit have one too, with tables in its summary
    std::vector<SelectedHead> heads; ///< selections, and those of the circuit
    double seconds = 0;              ///< of computing; of an earlier sitting where nothing was computed in this one
    bool kept = false;               ///< it lay in the folder already
};

/// The steps that use what this one found, directly or through others, in order.
std::vector<size_t> dependents(const Recipe &recipe, size_t step);
/// The steps that this one uses, directly or through others, in order.
std::vector<size_t> prerequisites(const Recipe &recipe, size_t step);

/// Carries a recipe out, all of it or step by step; a step that fails or finds nothing does not stop those that do not
/// need it.
class RecipeRun {
public:
    /// session must outlive the run. model and task are written into every spec.
    RecipeRun(Session &session, Recipe recipe, ModelRef model, TaskRef task);

    const Recipe &recipe() const { return m_recipe; }
    const std::vector<StepOutcome> &outcomes() const { return m_outcomes; }
    /// The spec of a Run step with its references filled in. Throws NothingToDo when a step it refers to has not been
    /// run or found nothing.
    RunSpec spec(size_t step) const;
    /// Replaces a step's body (an edit in the program) and forgets its outcome. Throws Error as recipe_from_json does.
    void edit(size_t step, const nlohmann::json &body);
    void skip(size_t step);
    /// The step is pending again, as are those that use what it found, unless they are skipped. run, edit and skip do
    /// this too.
    void forget(size_t step);

    /// Runs one step (again). Throws nothing but Cancelled: failures are outcomes.
    const StepOutcome &run(size_t step, const RunObserver &observer = {}, const CancelToken &cancel = {});
    /// The same, a part at a time: begin, then proceed until it says false. What the observer names must outlive the
    /// step.
    void begin(size_t step);
    bool proceed(const RunObserver &observer = {}, const CancelToken &cancel = {});
    /// Runs every step that is still pending, in order. before is told each step's index.
    void run_all(const std::function<void(size_t)> &before = {}, const RunObserver &observer = {},
                 const CancelToken &cancel = {});

    /// Writes one result file a step and recipe.json, which names them with specs, captions, conclusions, versions and
    /// hashes. Durations are in timings.json, so that everything else has the same bytes each time. A step that is on
    /// its way is pending there. Throws Error, also where the folder holds results of another recipe, model or task.
    void save(const std::filesystem::path &folder) const;
    using Note = std::function<void(const std::string &)>;
    /// From now on every finished step lies in the folder as save() writes it, and finished chunks of the one that runs
    /// beside it, at once. What lies there already is taken over, up to the step `again`, from which on everything is
    /// computed anew: those steps are done (StepOutcome::kept). note is told of what was damaged, or of another
    /// specification, and so counts for nothing. Throws Cancelled, and Error where the folder cannot be made, is used
    /// by another process, or (unless everything is computed anew) is of another recipe, model or task.
    void keep_in(const std::filesystem::path &folder, const Note &note, size_t again = SIZE_MAX,
                 const CancelToken &cancel = {});
    const KnownRuns &known() const { return m_known; }
    /// A result that steps need not compute again; one that is not of this session counts for nothing.
    void keep(const RunResultPtr &result);

    /// What the pending ones of these steps will take about, in forward passes over all prompts; of the running step
    /// what its progress (0 … 1) leaves.
    double work_left(const std::vector<size_t> &steps, double progress = 0) const;

private:
    size_t index_of(const std::string &id) const;
    const StepOutcome &outcome_of(const std::string &id) const;
    std::vector<Head> heads_of(const nlohmann::json &reference) const;
    nlohmann::json filled(const nlohmann::json &reference, Parameter::Kind kind) const;
    StepOutcome run_baseline(const CancelToken &cancel);
    /// None: there is more to do.
    std::optional<StepOutcome> proceed_spec(const RunObserver &observer, const CancelToken &cancel);
    StepOutcome run_select(const RecipeStep &step) const;
    StepOutcome run_circuit(const RecipeStep &step) const;
    /// The result and its quantity that a choice of heads is by; null where there is none.
    struct Measured {
        RunResultPtr result;
        std::string quantity;
    };
    Measured measured_behind(const std::string &id) const;
    /// The result of a step that runs nothing, with a name that no analysis has.
    RunResult table_result(const char *step) const;
    std::string file_of(size_t step) const;
    void write_step(size_t step);
    void write_result(size_t step);
    void write_index(const std::filesystem::path &folder, const std::vector<std::string> &hashes) const;
    void remove_parts();
    /// Whether a step's outcome follows from what is known, without a sweep.
    bool follows(size_t step);
    /// A step's file that is as it was written. hash: of that file, where it has the step's name.
    struct Found {
        RunResultPtr result;
        std::string hash;
    };
    /// Takes the runs of a folder over that its index names and that are sound.
    std::vector<Found> take_over(const nlohmann::json &index, size_t again, const Note &note);
    /// A folder's index, null where there is none that can be read. Throws Error where it is not of this recipe,
    /// saying what can be done: another folder, or `instead`.
    nlohmann::json index_in(const std::filesystem::path &folder, const Note &note, const std::string &instead) const;

    Session &m_session;
    Recipe m_recipe;
    ModelRef m_model;
    TaskRef m_task;
    std::vector<StepOutcome> m_outcomes;
    size_t m_current = 0;              ///< the step that was begun
    double m_seconds = 0;              ///< that its parts took
    std::unique_ptr<RunSteps> m_sweep; ///< its run, where that is a sweep
    KnownRuns m_known;
    std::filesystem::path m_folder;     ///< empty: nothing is written before save()
    std::shared_ptr<const void> m_lock; ///< of the folder
    std::vector<std::string> m_hashes;  ///< [steps] of the files that lie in it; empty: not (yet) the step's
};

} // namespace patchbay
