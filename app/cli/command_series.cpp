// patchbay-cli series: one run, or one recipe, at many revisions of a model, into a folder of results.
#include "analysis/series.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "command.h"
#include "interrupt.h"
#include "model/model_folder.h"
#include "spec_file.h"
#include "task/task_list.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

struct Options {
    std::string what, out;
    std::vector<std::string> folders, revisions;
    ModelOptions model;
    TaskOptions task;
    ResourceOptions resources;
    OutputOptions output;
};

std::vector<SeriesStep> steps_of(const Options &options, bool model_given)
{
    if (!options.folders.empty())
        return option_value("--models", [&] { return series_of_folders(options.folders); });
    if (options.revisions.empty() || !model_given)
        throw UsageError("--models", "name the folders of the revisions, or --model NAME with --revisions");
    return option_value("--revisions", [&] { return series_of_revisions(options.model.path, options.revisions); });
}

bool is_recipe(const std::string &what)
{
    const std::filesystem::path path(what);
    if (path.extension().empty() && !path.has_parent_path())
        return true; // the name of one that comes with the program
    if (path.extension() != ".json")
        return false;
    const nlohmann::json content = read_json_file(path);
    return content.is_object() && content.value("format", nlohmann::json()) == "patchbay-recipe";
}

SeriesPlan plan_of(const Options &options, std::vector<SeriesStep> steps)
{
    SeriesPlan plan;
    plan.steps = std::move(steps);
    const bool own_prompts = !options.task.batch.empty() || !options.task.pairs.empty();
    if (is_recipe(options.what)) {
        plan.recipe = load_recipe(options.what);
        plan.model = options.model.ref();
        plan.task = options.task.ref();
        if (is_generated(plan.task) && plan.task.file.empty()) {
            std::string first = plan.steps.front().model;
            try {
                first = model_folder(first).string();
            } catch (const Error &) {
                // It will be a gap, and say why.
            }
            plan.task.file = usual_task(first);
        }
    } else {
        plan.spec = read_spec(options.what);
        plan.task = own_prompts ? options.task.ref() : plan.spec->task;
    }
    return plan;
}

int run(const Options &options, bool model_given)
{
    SeriesPlan plan = plan_of(options, steps_of(options, model_given));
    Console console(options.output.json, options.output.quiet);
    const Resources resources = options.resources.apply();
    const std::vector<SeriesStep> steps = plan.steps;
    const size_t total = steps.size();
    size_t done = 0, now = 0;
    Series::Hooks hooks;
    const Series *series = nullptr;
    hooks.begun = [&](size_t step) { now = step; };
    hooks.progress = [&](double share) {
        console.progress(steps[now].name + " " + fixed_text(100 * share, 0) + " %; series",
                         (double(done) + share) / double(total));
    };
    hooks.finished = [&](size_t step) {
        ++done;
        const SeriesOutcome &outcome = series->outcomes()[step];
        console.end_progress();
        console.say(std::to_string(done) + "/" + std::to_string(total) + "  " + steps[step].name + "  "
                    + (outcome.state == SeriesState::Gap ? "gap: " + outcome.reason
                           : outcome.kept                ? outcome.file + ", as it lay in the folder"
                                                         : outcome.file));
    };
    hooks.note = [&](const std::string &text) { console.note(text); };
    Series run(std::move(plan), options.out, resources, hooks);
    series = &run;
    bool interrupted = false;
    try {
        run.run(cancel_on_interrupt());
    } catch (const Cancelled &) {
        interrupted = true;
    }
    console.end_progress();
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    size_t there = 0;
    for (size_t i = 0; i < total; ++i) {
        const SeriesOutcome &outcome = run.outcomes()[i];
        there += outcome.state == SeriesState::Done;
        nlohmann::ordered_json entry{
            {"name", steps[i].name}, {"model", steps[i].model}, {"state", name(outcome.state)}, {"kept", outcome.kept}};
        if (outcome.state == SeriesState::Done)
            entry["file"] = outcome.file;
        if (outcome.state == SeriesState::Gap)
            entry["reason"] = outcome.reason;
        list.push_back(std::move(entry));
    }
    console.print({{"out", options.out}, {"steps", list}});
    console.say(std::to_string(there) + " of " + std::to_string(total) + " steps are in " + options.out
                + "; series.json names them");
    if (interrupted)
        console.say("interrupted: the same command goes on where it stopped");
    return interrupted ? 130 : there == 0 ? 1 : 0;
}

} // namespace

Runner add_series(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("what", options->what,
                   "What to compute at every revision: a run spec (.json), a result that was made with one, or a "
                   "recipe, by its name or its file")
        ->required();
    CLI::Option *folders =
        app.add_option("--models", options->folders,
                       "Folders of the revisions, in the order of training; {n} in the last part stands for a number, "
                       "such as checkpoints/step{n}: all that there are, by their numbers")
            ->delimiter(',');
    options->model.add(app);
    CLI::Option *revisions =
        app.add_option("--revisions", options->revisions,
                       "With --model NAME: its revisions in the Hugging Face cache, such as step0,step1000 or step{n} "
                       "for all that are there; nothing is ever downloaded")
            ->delimiter(',')
            ->excludes(folders);
    CLI::Option *model = app.get_option("--model");
    revisions->needs(model);
    model->excludes(folders);
    app.add_option("--out", options->out,
                   "Folder for the results: one a step (of a recipe a folder), and series.json that names them. Steps "
                   "that lie there already of the same series are not computed again; those that are missing or "
                   "broken are gaps with their reason, and tried again the next time")
        ->required();
    options->task.add(app);
    app.parse_complete_callback([options] {
        if (options->task.chosen()) // otherwise the usual one of the first step's model
            options->task.choose_for(options->model);
    });
    options->resources.add(app);
    options->output.add(app, "");
    return [options, model] { return run(*options, model->count() > 0); };
}

} // namespace patchbay::cli
