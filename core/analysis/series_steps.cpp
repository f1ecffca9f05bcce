// Which revisions a series has, and in which order they are computed.
#include "analysis/series.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "hub/hub_name.h"
#include "hub/listing.h"
#include "hub/snapshot.h"
#include "model/model_folder.h"
#include "task/task_list.h"

#include <algorithm>
#include <charconv>
#include <queue>
#include <set>

namespace patchbay {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view number_mark = "{n}";

/// The whole number that stands for {n} in a pattern; nothing where a name does not fit.
std::optional<int64_t> number_in(const std::string &pattern, const std::string &name)
{
    const size_t at = pattern.find(number_mark);
    const std::string before = pattern.substr(0, at), after = pattern.substr(at + number_mark.size());
    if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
        return std::nullopt;
    int64_t value = 0;
    const char *begin = name.data() + before.size(), *end = name.data() + name.size() - after.size();
    const auto [stop, error] = std::from_chars(begin, end, value);
    return error == std::errc() && stop == end && value >= 0 ? std::optional(value) : std::nullopt;
}

/// The names that fit, by their numbers.
std::vector<std::string> fitting(const std::string &pattern, const std::vector<std::string> &names)
{
    std::vector<std::pair<int64_t, std::string>> found;
    for (const std::string &name : names)
        if (const auto number = number_in(pattern, name))
            found.emplace_back(*number, name);
    std::sort(found.begin(), found.end());
    std::vector<std::string> out;
    for (const auto &[number, name] : found)
        out.push_back(name);
    return out;
}

std::vector<SeriesStep> with_own_names(std::vector<SeriesStep> steps)
{
    std::set<std::string> seen;
    for (SeriesStep &step : steps) {
        std::replace(step.name.begin(), step.name.end(), '/', '-');
        if (step.name.empty() || step.name == "." || step.name == ".." || step.name == "series")
            throw Error(step.model, "cannot be called " + step.name + " in a series");
        if (!seen.insert(step.name).second)
            throw Error(step.model, "two steps of the series would be called " + step.name);
    }
    if (steps.empty())
        throw Error("series", "has no steps");
    return steps;
}

} // namespace

std::vector<SeriesStep> series_of_folders(const std::vector<std::string> &folders)
{
    std::vector<SeriesStep> steps;
    for (const std::string &text : folders) {
        const fs::path path = fs::path(text).has_filename() ? fs::path(text) : fs::path(text).parent_path();
        const std::string last = path.filename().string();
        if (is_demo(text) && text != "demo") {
            for (const SeriesStep &step : series_of_revisions("demo", {text.substr(text.find('@') + 1)}))
                steps.push_back(step);
            continue;
        }
        if (last.find(number_mark) == std::string::npos) {
            steps.push_back({last, text});
            continue;
        }
        const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
        std::vector<std::string> names;
        std::error_code failed;
        for (const fs::directory_entry &entry : fs::directory_iterator(parent, failed))
            if (entry.is_directory(failed))
                names.push_back(entry.path().filename().string());
        names = fitting(last, names);
        if (names.empty())
            throw Error(text, "no folder there has such a name with a number in the place of {n}");
        for (const std::string &name : names)
            steps.push_back({name, (path.parent_path() / name).string()});
    }
    return with_own_names(std::move(steps));
}

bool has_number_mark(const std::vector<std::string> &names)
{
    return std::any_of(names.begin(), names.end(),
                       [](const std::string &one) { return one.find(number_mark) != std::string::npos; });
}

std::vector<SeriesStep> series_of_revisions(const std::string &model, const std::vector<std::string> &revisions,
                                            const std::vector<std::string> &at_hub)
{
    const bool demo = model == "demo";
    const std::optional<HubName> name = hub_name(model);
    if (!name || !name->revision.empty())
        throw Error(model, "is not the name of a model in the Hugging Face cache, such as EleutherAI/pythia-160m");
    std::vector<SeriesStep> steps;
    for (const std::string &revision : revisions) {
        if (revision.find(number_mark) == std::string::npos) {
            steps.push_back({revision, HubName{model, revision}.text()});
            continue;
        }
        std::set<std::string> known(at_hub.begin(), at_hub.end());
        if (demo)
            for (const std::string &one : demo_revisions())
                known.insert(one);
        else
            for (const auto &[one, commit] : cached_revisions(cached_model(model)))
                known.insert(one);
        const std::vector<std::string> there = fitting(revision, {known.begin(), known.end()});
        if (there.empty() && demo)
            throw Error(model, "its training has no checkpoint " + revision);
        if (there.empty() && !at_hub.empty())
            throw Error(model, "has no revision " + revision + ", neither in the cache nor at the hub");
        if (there.empty())
            throw Error(model,
                        "the cache holds no revision " + revision + "; `" + download_command({model, "REVISION"})
                            + "` fetches one, a series with --download (in the window: "
                            + in_quotes(series_download_words) + ") all that the hub has");
        for (const std::string &one : there)
            steps.push_back({one, HubName{model, one}.text()});
    }
    return with_own_names(std::move(steps));
}

bool is_to_be_fetched(const SeriesStep &step)
{
    return is_cached_name(step.model) && !opens_from_cache(*hub_name(step.model));
}

TaskRef suited(TaskRef task, const std::string &model)
{
    if (!is_generated(task) || !task.file.empty())
        return task;
    std::string folder = model;
    try {
        folder = model_folder(model).string();
    } catch (const Error &) {
        // What is wrong with it is said when it is opened.
    }
    task.file = usual_task(folder);
    return task;
}

SeriesStep step_of_model(const std::string &model)
{
    const fs::path path = fs::path(model).has_filename() ? fs::path(model) : fs::path(model).parent_path();
    return {path.filename().string(), model};
}

std::vector<SeriesStep> series_of_tasks(const std::vector<SeriesStep> &models, const std::vector<TaskRef> &tasks)
{
    std::vector<SeriesStep> steps;
    for (const SeriesStep &model : models)
        for (const TaskRef &task : tasks) {
            const std::string name = task.file.empty() ? task.kind : fs::path(task.file).stem().string();
            steps.push_back(
                {models.size() > 1 ? model.name + "-" + name : name, model.model, suited(task, model.model)});
        }
    return with_own_names(std::move(steps));
}

std::vector<size_t> coarse_to_fine(size_t count)
{
    std::vector<size_t> order;
    if (count == 0)
        return order;
    order.push_back(0);
    if (count > 1)
        order.push_back(count - 1);
    std::queue<std::pair<size_t, size_t>> gaps;
    gaps.emplace(0, count - 1);
    while (!gaps.empty()) {
        const auto [low, high] = gaps.front();
        gaps.pop();
        if (high - low < 2)
            continue;
        const size_t middle = low + (high - low) / 2;
        order.push_back(middle);
        gaps.emplace(low, middle);
        gaps.emplace(middle, high);
    }
    return order;
}

} // namespace patchbay
