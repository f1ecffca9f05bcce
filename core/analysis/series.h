// A series: one run, or one recipe, at many revisions of one model, such as the checkpoints of its training.
#pragma once

#include "analysis/recipe.h"
#include "spec/run_spec.h"

#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// One revision.
struct SeriesStep {
    std::string name;  ///< "step1000": of its result, and unlike those of all others
    std::string model; ///< what opens it, see model_folder()
};

/// What to compute. Either a spec or a recipe.
struct SeriesPlan {
    std::optional<RunSpec> spec;
    std::optional<Recipe> recipe;
    ModelRef model; ///< processing and dtype, for every step
    TaskRef task;
    std::vector<SeriesStep> steps; ///< in the order of training
};

/// The file in a series' folder that names its steps, and what that says of itself.
inline constexpr const char *series_index = "series.json", *series_format = "patchbay-series";

enum class SeriesState { Pending, Done, Gap };

struct SeriesOutcome {
    SeriesState state = SeriesState::Pending;
    std::string reason; ///< of a gap: why there is nothing
    std::string file;   ///< in the folder: the result, or the recipe's folder; empty unless done
    std::string sha256; ///< of that file, of a recipe its recipe.json
    std::string model_sha256;
    bool kept = false; ///< it lay in the folder already
};

/// Steps for revisions of a model: its folders ("demo@step100": of the demo model's training), or names and revisions;
/// "{n}" in the last part of a folder, or in a revision, stands for a whole number: all that there are, in the order of
/// their numbers. Throws Error where there is none, or two steps have one name.
std::vector<SeriesStep> series_of_folders(const std::vector<std::string> &folders);
std::vector<SeriesStep> series_of_revisions(const std::string &model, const std::vector<std::string> &revisions);

/// In which order count steps are computed, so that the shape is seen early: the ends, the middle, the quarters …
std::vector<size_t> coarse_to_fine(size_t count);

/// Computes a series into a folder: one result a step, in the format of single runs (of a recipe, a folder as the
/// recipe itself writes it), and series.json, which names them. After every step the folder is whole, so that whatever
/// ends the process costs no finished step; what lies there of the same series is not computed again. The weights of
/// one step at a time are in memory; the files of the next are read ahead.
class Series {
public:
    struct Hooks {
        std::function<void(size_t step)> begun;     ///< before its model is loaded
        std::function<void(size_t step)> finished;  ///< also where it was kept, or became a gap
        std::function<void(double share)> progress; ///< of the step
        std::function<void(const std::string &)> note;
    };
    /// Throws Error where the folder cannot be made, is used by another process, or holds another series.
    Series(SeriesPlan plan, std::filesystem::path folder, const Resources &resources, Hooks hooks = {});

    const SeriesPlan &plan() const { return m_plan; }
    const std::vector<SeriesOutcome> &outcomes() const { return m_outcomes; }
    /// All steps that are not done, gaps as well, coarse to fine. A step that is missing or broken, or whose prompts or
    /// texts have other token ids than the first's, becomes a gap. Throws Cancelled between and within steps; Error
    /// where the folder cannot be written.
    void run(const CancelToken &cancel = {});
    /// The same, a step at a time: begin, then proceed until it says false.
    void begin();
    bool proceed(const CancelToken &cancel = {});

private:
    void take_over(const nlohmann::json &index);
    void run_step(size_t step, const CancelToken &cancel);
    void compute(size_t step, const CancelToken &cancel);
    void same_ids(std::string &first, const std::string &now, const char *what) const;
    void write_index() const;
    std::string file_of(size_t step) const;
    nlohmann::ordered_json description() const;
    nlohmann::json file_hashes_now() const;

    SeriesPlan m_plan;
    std::filesystem::path m_folder;
    Resources m_resources;
    Hooks m_hooks;
    std::shared_ptr<const void> m_lock;
    std::vector<SeriesOutcome> m_outcomes;
    std::deque<size_t> m_left;                 ///< to be computed, the next one first
    std::string m_task_sha256, m_texts_sha256; ///< of the first step that was computed; empty: none was, or no texts
};

std::string name(SeriesState state);

} // namespace patchbay
