// A series: one run, or one recipe, many times: at revisions of one model, such as the checkpoints of its training, at
// several models, of several tasks.
#pragma once

#include "analysis/recipe.h"
#include "hub/download.h"
#include "spec/run_spec.h"

#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

class BackgroundDownload;

/// One revision, or one model, or one of these with one task.
struct SeriesStep {
    std::string name;                 ///< "step1000": of its result, and unlike those of all others
    std::string model;                ///< what opens it, see model_folder()
    std::optional<TaskRef> task = {}; ///< its own; none: the series'
};

/// What "download" of a series means, in the words of every way to ask for one.
inline constexpr const char *series_download_words = "Download what the Hugging Face cache lacks";

/// What to compute. Either a spec or a recipe.
struct SeriesPlan {
    std::optional<RunSpec> spec;
    std::optional<Recipe> recipe;
    ModelRef model;                ///< processing and dtype, for every step
    TaskRef task;                  ///< of the steps that have none of their own
    std::vector<SeriesStep> steps; ///< in the order of training
    bool download = false;         ///< models that the Hugging Face cache lacks are fetched when it is their turn
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
/// their numbers. Of a model's name they are those of the cache, and of at_hub (see hub_revisions()). Throws Error
/// where there is none, or two steps have one name.
std::vector<SeriesStep> series_of_folders(const std::vector<std::string> &folders);
std::vector<SeriesStep> series_of_revisions(const std::string &model, const std::vector<std::string> &revisions,
                                            const std::vector<std::string> &at_hub = {});
/// Whether one of them stands for several.
bool has_number_mark(const std::vector<std::string> &names);
/// Whether a step's model is to be fetched from the hub before it can be opened: it is a name of the Hugging Face cache
/// that does not open from there, as far as configuration and files tell.
bool is_to_be_fetched(const SeriesStep &step);

/// Every one of these steps with every task, each called after its task, and after its model where there are several.
/// IOI without a file becomes what suits each model (usual_task). Throws Error where two tasks have one name.
std::vector<SeriesStep> series_of_tasks(const std::vector<SeriesStep> &models, const std::vector<TaskRef> &tasks);
/// The only step of a model that is no series.
SeriesStep step_of_model(const std::string &model);
/// IOI without a file becomes what suits the model, where that can be found.
TaskRef suited(TaskRef task, const std::string &model);

/// In which order count steps are computed, so that the shape is seen early: the ends, the middle, the quarters …
std::vector<size_t> coarse_to_fine(size_t count);

/// Computes a series into a folder: one result a step, in the format of single runs (of a recipe, a folder as the
/// recipe itself writes it), and series.json, which names them. After every step the folder is whole, so that whatever
/// ends the process costs no finished step; what lies there of the same series is not computed again. The weights of
/// one step at a time are in memory; the files of the next are read ahead, or fetched, while it computes.
class Series {
public:
    struct Hooks {
        std::function<void(size_t step)> begun;                 ///< before its model is loaded
        std::function<void(size_t step)> finished;              ///< also where it was kept, or became a gap
        std::function<void(double share)> progress;             ///< of the step
        std::function<void(const DownloadProgress &)> fetching; ///< of the step, which waits for it
        std::function<void(const std::string &)> note;
    };
    /// Throws Error where the folder cannot be made, is used by another process, or holds another series.
    Series(SeriesPlan plan, std::filesystem::path folder, const Resources &resources, Hooks hooks = {});
    ~Series(); ///< a download ends; what has arrived stays

    const SeriesPlan &plan() const { return m_plan; }
    const std::vector<SeriesOutcome> &outcomes() const { return m_outcomes; }
    /// All steps that are not done, gaps as well, coarse to fine. A step that is missing or broken, that cannot be
    /// fetched, or whose prompts or texts have other token ids than the first's, becomes a gap. Throws Cancelled
    /// between and within steps; Error where the folder cannot be written.
    void run(const CancelToken &cancel = {});
    /// The same in parts, a step or a tenth of a second of waiting for its download: begin, then proceed until it says
    /// false.
    void begin();
    bool proceed(const CancelToken &cancel = {});
    /// Whether a step was begun and has not ended: its model is on its way.
    bool within_step() const { return m_begun; }

private:
    void take_over(const nlohmann::json &index);
    void run_step(size_t step, const CancelToken &cancel);
    void prepare_next();
    std::unique_ptr<BackgroundDownload> download_of(size_t step) const;
    std::string reason_of_gap(size_t step, const std::exception &error) const;
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
    std::deque<size_t> m_left;                      ///< to be computed, the next one first
    bool m_begun = false;                           ///< the first of them
    std::unique_ptr<BackgroundDownload> m_download; ///< of the first of them; while it computes, of the second
    std::string m_task_sha256, m_texts_sha256; ///< of the first step that was computed; empty: none was, or no texts
};

std::string name(SeriesState state);

} // namespace patchbay
