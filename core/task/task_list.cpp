#include "task/task_list.h"

#include "base/data_dir.h"
#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "task/prompt_task.h"
#include "task/task_file.h"

#include <algorithm>

namespace patchbay {

TaskListing task_listing(const std::string &name_or_file)
{
    const std::filesystem::path path = task_path(name_or_file);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
        throw Error("task",
                    in_quotes(name_or_file)
                        + " is neither a task file nor a task that comes with the program; those are "
                        + listed(shipped_tasks()));
    const std::string text = read_file(path);
    const nlohmann::json json = parse_json(text, path.string());
    TaskListing out;
    out.name = name_or_file.empty() ? "ioi" : name_or_file;
    out.task.file = out.name == "ioi" ? std::string() : name_or_file;
    if (text_or_empty(json, "format") == prompt_task_format) {
        const PromptTask task = prompt_task_from_json(text, path.string());
        out.title = task.title;
        out.description = task.description;
        out.task.kind = "task";
        out.task.prompts = task.prompts;
        out.task.seed = task.seed;
    } else {
        const TaskFile task = task_from_json(text, path.string());
        out.title = task.title;
        out.description = task.description;
    }
    return out;
}

TaskRef task_named(const std::string &name_or_file)
{
    return task_listing(name_or_file).task;
}

TaskRef task_or_pairs(const std::string &name_or_file)
{
    const std::string extension = std::filesystem::path(name_or_file).extension().string();
    if (extension != ".jsonl" && extension != ".csv")
        return task_named(name_or_file);
    TaskRef task;
    task.kind = "pairs";
    task.file = name_or_file;
    return task;
}

std::string task_title(const TaskRef &task)
{
    if (!info(task).generated || info(task).patterns)
        return info(task).title;
    try {
        return task_listing(task.file).title;
    } catch (const Error &) {
        return short_name(task); // of a result whose file lies elsewhere
    }
}

std::vector<TaskListing> shipped_task_listings()
{
    std::vector<TaskListing> out;
    for (const std::string &name : shipped_tasks()) {
        try {
            out.push_back(task_listing(name));
        } catch (const Error &) {
            // Somebody's own file in the program's folder; naming it says what is wrong with it.
        }
    }
    // As the program starts, first.
    std::stable_partition(out.begin(), out.end(), [](const TaskListing &one) { return info(one.task).patterns; });
    return out;
}

std::vector<std::string> shipped_tasks()
{
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(data_path("tasks")))
        if (entry.path().extension() == ".json")
            names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

std::filesystem::path task_path(const std::string &file)
{
    if (file.empty())
        return data_path("tasks/ioi.json");
    const std::filesystem::path path(file);
    std::error_code ignored;
    if (path.has_parent_path() || path.has_extension() || std::filesystem::exists(path, ignored))
        return path;
    const std::vector<std::string> known = shipped_tasks();
    if (std::find(known.begin(), known.end(), file) != known.end())
        return data_path("tasks/" + file + ".json");
    return path;
}

bool has_demo_vocabulary(const std::filesystem::path &model)
{
    if (model == "demo")
        return true;
    const std::filesystem::path own = model / "tokenizer.json", demo = data_path("demo-model/tokenizer.json");
    std::error_code ignored;
    const auto size = std::filesystem::file_size(own, ignored);
    return !ignored && size == std::filesystem::file_size(demo, ignored) && read_file(own) == read_file(demo);
}

std::string usual_task(const std::string &model)
{
    return has_demo_vocabulary(model) ? std::string() : "ioi-give";
}

} // namespace patchbay
