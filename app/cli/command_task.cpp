// patchbay-cli task: the tasks that there are, or prompt pairs with token ids and positions, as JSON.
#include "command.h"
#include "console.h"
#include "io/array_files.h"
#include "model/model_folder.h"
#include "options.h"
#include "task/ioi_task.h"
#include "task/task_list.h"
#include "task/task_source.h"
#include "text/tokenizer.h"
#include "usage_error.h"

namespace patchbay::cli {

namespace {

struct Options {
    ModelOptions model;
    TaskOptions task;
    bool symmetric = false, prepend_bos = false, list = false, json = false;
    std::string out;
};

int list_tasks(bool json)
{
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const TaskListing &one : shipped_task_listings()) {
        all.push_back({{"name", one.name}, {"title", one.title}, {"description", one.description}});
        if (!json)
            std::printf("%-20s %s\n%-20s %s\n", one.name.c_str(), one.title.c_str(), "", one.description.c_str());
    }
    if (json)
        std::printf("%s\n", all.dump(1).c_str());
    return 0;
}

/// Drawn pairs, in a form that --pairs reads again.
nlohmann::ordered_json pairs_json(const TaskRef &task, const Tokenizer &tokenizer, const std::string &tokenizer_name)
{
    std::vector<std::string> notes;
    const std::vector<PromptPair> pairs = load_pairs(task, tokenizer, 0, &notes);
    nlohmann::ordered_json json;
    json["format"] = "patchbay-pairs";
    json["version"] = 1;
    json["task"] = to_json(task);
    json["tokenizer"] = tokenizer_name;
    if (!notes.empty())
        json["notes"] = notes;
    json["pairs"] = pairs_to_json(pairs);
    for (size_t i = 0; i < pairs.size(); ++i) {
        json["pairs"][i]["clean_ids"] = pairs[i].clean_ids;
        json["pairs"][i]["flipped_ids"] = pairs[i].flipped_ids;
    }
    return json;
}

int run(const Options &options)
{
    if (options.list)
        return list_tasks(options.json);
    // Only the tokenizer: the folder need not hold a model.
    const std::filesystem::path place = options.model.tokenizer_place();
    const auto tokenizer = Tokenizer::open(place);
    TaskRef task = options.task.ref();
    if (options.prepend_bos)
        task.bos = Bos::Yes;
    const std::string name = model_name(place.string());
    if (options.symmetric && !info(task).patterns)
        throw UsageError("--symmetric", "is for tasks of names in a pattern, as ioi");
    const nlohmann::ordered_json set = info(task).patterns ? ioi_dataset_json(task, *tokenizer, name, options.symmetric)
                                                           : pairs_json(task, *tokenizer, name);
    write_or_print(set.dump(1) + "\n", options.out);
    return 0;
}

} // namespace

Runner add_task(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->model.add(app, false);
    options->task.add_generator(app);
    app.parse_complete_callback([options] { options->task.choose_for(options->model); });
    app.add_flag("--list", options->list, "The tasks that come with the program, and what each asks");
    app.add_flag("--json", options->json, "With --list: as JSON")->needs(app.get_option("--list"));
    app.add_flag("--symmetric", options->symmetric, "Follow each prompt by the same one with the names exchanged");
    app.add_flag("--prepend-bos", options->prepend_bos, "The same as --bos yes")->excludes(app.get_option("--bos"));
    app.add_option("--out", options->out, "Write the JSON to this file instead of standard output");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
