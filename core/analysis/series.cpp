#include "analysis/series.h"

#include "analysis/analysis.h"
#include "base/json_field.h"
#include "base/memory.h"
#include "base/plain_text.h"
#include "base/sha256.h"
#include "hub/background_download.h"
#include "io/array_files.h"
#include "io/folder_lock.h"
#include "model/model_folder.h"
#include "task/task_source.h"

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace patchbay {

namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

/// Asks the system to have a folder's large files in memory by the time that they are opened.
void read_ahead(const fs::path &folder)
{
    std::error_code ignored;
    for (const fs::directory_entry &entry : fs::directory_iterator(folder, ignored)) {
        const int fd = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        ::posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
        ::close(fd);
    }
}

/// As the index has it.
json own_task(const SeriesStep &step)
{
    return step.task ? json(to_json(*step.task)) : json();
}

} // namespace

std::string name(SeriesState state)
{
    return state == SeriesState::Done ? "done" : state == SeriesState::Gap ? "gap" : "pending";
}

Series::Series(SeriesPlan plan, fs::path folder, const Resources &resources, Hooks hooks)
    : m_plan(std::move(plan)), m_folder(std::move(folder)), m_resources(resources), m_hooks(std::move(hooks)),
      m_outcomes(m_plan.steps.size())
{
    if (m_plan.spec) { // which model it is of is each step's to say
        m_plan.model.processing = m_plan.spec->model.processing;
        m_plan.model.dtype = m_plan.spec->model.dtype;
    }
    m_plan.model.path.clear();
    m_plan.model.sha256.clear();
    m_plan.model.commit.clear();
    if (std::all_of(m_plan.steps.begin(), m_plan.steps.end(), [](const SeriesStep &step) { return step.task; }))
        m_plan.task = {}; // no step is of it
    make_folder(m_folder);
    m_lock = lock_folder(m_folder);
    remove_leftovers(m_folder);
    if (std::error_code ignored; fs::exists(m_folder / series_index, ignored))
        take_over(read_json_file(m_folder / series_index));
    write_index();
}

Series::~Series() = default;

std::string Series::file_of(size_t step) const
{
    return m_plan.steps[step].name + (m_plan.spec ? ".safetensors" : "");
}

/// What makes it this series: all but its steps.
ordered_json Series::description() const
{
    ordered_json out;
    if (m_plan.spec) {
        RunSpec spec = *m_plan.spec;
        spec.model = m_plan.model;
        spec.task = m_plan.task;
        out["spec"] = to_json(spec);
        out["spec"].erase("model");
    } else {
        out["recipe"] = to_json(*m_plan.recipe);
        out["task"] = to_json(m_plan.task);
    }
    out["model"] = to_json(m_plan.model);
    out["model"].erase("path");
    if (const json files = file_hashes_now(); !files.empty())
        out["files"] = files;
    return out;
}

/// What is in the files of texts that it reads: of the spec, or by the recipe's steps.
json Series::file_hashes_now() const
{
    if (m_plan.spec)
        return m_plan.spec->is<Analysis>() ? file_hashes(*m_plan.spec->as<Analysis>()) : json::object();
    json all = json::object();
    for (const RecipeStep &step : m_plan.recipe->steps) {
        const json spec = step.body.value("spec", json::object());
        const json hashes = file_hashes({text_or_empty(spec, "analysis"), {}, spec.value("options", json())});
        if (!hashes.empty())
            all[step.id] = hashes;
    }
    return all;
}

void Series::write_index() const
{
    ordered_json index{{"format", series_format}, {"version", 1}, {"program_version", program_version()}};
    index.update(description());
    index["task_sha256"] = m_task_sha256;
    if (!m_texts_sha256.empty())
        index["texts_sha256"] = m_texts_sha256;
    index["steps"] = ordered_json::array();
    for (size_t i = 0; i < m_outcomes.size(); ++i) {
        const SeriesOutcome &outcome = m_outcomes[i];
        ordered_json entry{
            {"name", m_plan.steps[i].name}, {"model", m_plan.steps[i].model}, {"state", name(outcome.state)}};
        if (const json task = own_task(m_plan.steps[i]); !task.is_null())
            entry["task"] = task;
        if (outcome.state == SeriesState::Gap)
            entry["reason"] = outcome.reason;
        if (outcome.state == SeriesState::Done) {
            entry["file"] = outcome.file;
            entry["sha256"] = outcome.sha256;
            entry["model_sha256"] = outcome.model_sha256;
        }
        index["steps"].push_back(std::move(entry));
    }
    write_file(m_folder / series_index, index.dump(1) + "\n");
}

void Series::take_over(const nlohmann::json &index)
{
    const std::string file = (m_folder / series_index).string();
    if (text_or_empty(index, "format") != series_format || !index.contains("steps") || !index.at("steps").is_array())
        throw Error(file, "is not the index of a series");
    const nlohmann::json own = description();
    if (own.value("files", json::object()) != index.value("files", json::object())
        && own.value("spec", json()) == index.value("spec", json())
        && own.value("recipe", json()) == index.value("recipe", json()))
        throw Error(m_folder.string(),
                    "holds a series on other texts (a file that it read was edited since); name another folder");
    for (const char *key : {"spec", "recipe", "task", "model"})
        if (own.contains(key) != index.contains(key) || (own.contains(key) && own.at(key) != index.at(key)))
            throw Error(m_folder.string(),
                        "holds another series (its " + std::string(key) + " is not the same); name another folder");
    if (text_or_empty(index, "program_version") != program_version()) {
        if (m_hooks.note)
            m_hooks.note(file + ": is of another version of the program; every step is computed again");
        return;
    }
    for (const nlohmann::json &entry : index.at("steps"))
        for (size_t i = 0; i < m_plan.steps.size(); ++i) {
            if (text_or_empty(entry, "name") != m_plan.steps[i].name
                || text_or_empty(entry, "model") != m_plan.steps[i].model || text_or_empty(entry, "state") != "done"
                || entry.value("task", json()) != own_task(m_plan.steps[i]))
                continue;
            const fs::path path = m_plan.spec ? m_folder / file_of(i) : m_folder / file_of(i) / "recipe.json";
            try {
                if (sha256_of_files({path}) != text_or_empty(entry, "sha256"))
                    throw Error(path.string(), "is not as it was written");
            } catch (const Error &error) {
                if (m_hooks.note)
                    m_hooks.note(std::string(error.what()) + "; step \"" + m_plan.steps[i].name
                                 + "\" is computed again");
                continue;
            }
            m_outcomes[i] = {SeriesState::Done,
                             {},
                             file_of(i),
                             text_or_empty(entry, "sha256"),
                             text_or_empty(entry, "model_sha256"),
                             true};
            m_task_sha256 = text_or_empty(index, "task_sha256");
            m_texts_sha256 = text_or_empty(index, "texts_sha256");
        }
}

void Series::same_ids(std::string &first, const std::string &now, const char *what) const
{
    if (first.empty())
        first = now;
    else if (first != now)
        throw Error(what,
                    "of this step have other token ids than those of the first one: numbers would not be of the "
                    "same thing");
}

void Series::compute(size_t step, const CancelToken &cancel)
{
    const SeriesStep &of = m_plan.steps[step];
    LoadOptions load;
    load.path = model_folder(of.model);
    load.processing = m_plan.model.processing;
    load.dtype = m_plan.model.dtype;
    const std::shared_ptr<const Model> model = Model::load(load, {}, cancel);
    ModelRef ref = m_plan.model;
    ref.path = absolute_model_path(of.model);
    ref.sha256 = model->trust().sha256;
    ref.commit = model->trust().commit;
    ref.processing = model->processing(); // what was done, not what was asked for
    const TaskRef &asked = of.task ? *of.task : m_plan.task;
    const PromptBatch batch = load_batch(asked, *model);
    check_batch(batch, model->config().d_vocab, model->config().n_ctx);
    TaskRef task = asked;
    task.sha256 = hash_of(batch);
    task.bos = bos_used(task, model->tokenizer());
    if (!asked.sha256.empty() && asked.sha256 != task.sha256)
        throw Error("task", "holds other prompts than those of the spec");
    std::string prompts = m_task_sha256, texts = m_texts_sha256;
    if (!of.task)
        same_ids(prompts, task.sha256, "the prompts");

    Session session(model, batch, m_resources);
    RunObserver observer;
    observer.estimates = false;
    observer.tell = on_progress([&](int done, int total) {
        if (m_hooks.progress)
            m_hooks.progress(total > 0 ? double(done) / total : 1);
    });
    const std::string file = file_of(step);
    fs::path written = m_folder / file;
    if (m_plan.spec) {
        RunSpec spec = *m_plan.spec;
        spec.model = ref;
        spec.task = task;
        const RunResult result =
            spec.is<Analysis>() ? run_analysis(session, spec, observer, cancel) : session.run(spec, observer, cancel);
        if (!result.complete)
            throw Cancelled();
        if (const std::string sha256 = text_or_empty(result.summary, "texts_sha256"); !sha256.empty())
            same_ids(texts, sha256, "the texts");
        save_result(written, result);
    } else {
        RecipeRun chain(session, *m_plan.recipe, ref, task);
        chain.keep_in(
            written, [&](const std::string &text) { m_hooks.note ? m_hooks.note(text) : void(); }, SIZE_MAX, cancel);
        chain.run_all({}, observer, cancel);
        written /= "recipe.json";
    }
    m_task_sha256 = prompts;
    m_texts_sha256 = texts;
    m_outcomes[step] = {SeriesState::Done, {}, file, sha256_of_files({written}), ref.sha256, false};
}

std::unique_ptr<BackgroundDownload> Series::download_of(size_t step) const
{
    if (!m_plan.download || !is_to_be_fetched(m_plan.steps[step]))
        return nullptr;
    return std::make_unique<BackgroundDownload>(*hub_name(m_plan.steps[step].model));
}

/// What the step after the one that computes now will need.
void Series::prepare_next()
{
    if (m_left.size() < 2 || (m_download = download_of(m_left[1])))
        return;
    try {
        read_ahead(model_folder(m_plan.steps[m_left[1]].model));
    } catch (const Error &) {
        // It will say what is wrong when it is its turn.
    }
}

std::string Series::reason_of_gap(size_t step, const std::exception &error) const
{
    const std::string cause = error.what();
    if (m_plan.download || !is_to_be_fetched(m_plan.steps[step]))
        return cause;
    return cause + ". The series fetches it with --download (in the window: " + in_quotes(series_download_words) + ")";
}

void Series::run_step(size_t step, const CancelToken &cancel)
{
    try {
        if (const auto download = std::exchange(m_download, nullptr))
            download->finish();
        prepare_next();
        compute(step, cancel);
    } catch (const Cancelled &) {
        throw;
    } catch (const std::exception &error) {
        if (means_out_of_memory(error))
            throw;
        m_outcomes[step] = {SeriesState::Gap, reason_of_gap(step, error), {}, {}, {}, false};
    }
    write_index();
}

void Series::begin()
{
    m_download.reset();
    m_begun = false;
    m_left.clear();
    for (const size_t step : coarse_to_fine(m_plan.steps.size())) {
        if (m_outcomes[step].state != SeriesState::Done)
            m_left.push_back(step);
        else if (m_hooks.finished)
            m_hooks.finished(step);
    }
}

bool Series::proceed(const CancelToken &cancel)
{
    try {
        cancel.check();
        if (m_left.empty())
            return false;
        const size_t step = m_left.front();
        if (!m_begun) {
            if (m_hooks.begun)
                m_hooks.begun(step);
            if (!m_download)
                m_download = download_of(step);
            m_begun = true;
        }
        if (m_download && !m_download->over()) {
            if (m_hooks.fetching)
                m_hooks.fetching(m_download->progress());
            return true;
        }
        run_step(step, cancel);
        m_begun = false;
        m_left.pop_front();
        if (m_hooks.finished)
            m_hooks.finished(step);
        return !m_left.empty();
    } catch (...) { // nothing goes on behind whoever stopped it
        m_download.reset();
        m_begun = false;
        throw;
    }
}

void Series::run(const CancelToken &cancel)
{
    begin();
    while (proceed(cancel)) {
    }
}

} // namespace patchbay
