// patchbay-cli series: one run, or one recipe, at many revisions of a model, at several models or of several tasks,
// into a folder of results.
#include "analysis/series_measures.h"
#include "base/amounts.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "command.h"
#include "decimal_option.h"
#include "hub/environment.h"
#include "interrupt.h"
#include "model/model_folder.h"
#include "spec_file.h"
#include "task/task_list.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace patchbay::cli {

namespace {

struct Options {
    std::string what, out;
    std::vector<std::string> folders, revisions, tasks;
    bool download = false;
    MeasureOptions measures;
    std::string reference;
    double least_gap = default_least_gap;
    ModelOptions model;
    TaskOptions task;
    ResourceOptions resources;
    OutputOptions output;
};

std::vector<SeriesStep> models_of(const Options &options, bool model_given)
{
    if (!options.folders.empty())
        return option_value("--models", [&] { return series_of_folders(options.folders); });
    if (options.revisions.empty() && !options.tasks.empty())
        return {step_of_model(options.model.path)};
    if (options.revisions.empty() || !model_given)
        throw UsageError("--models",
                         "name the folders of the revisions, --model NAME with --revisions, or several --tasks");
    std::vector<std::string> at_hub;
    if (options.download && has_number_mark(options.revisions) && is_cached_name(options.model.path))
        at_hub = hub_revisions(options.model.path, cancel_on_interrupt());
    return option_value("--revisions",
                        [&] { return series_of_revisions(options.model.path, options.revisions, at_hub); });
}

std::vector<SeriesStep> steps_of(const Options &options, bool model_given)
{
    std::vector<SeriesStep> models = models_of(options, model_given);
    if (options.tasks.empty())
        return models;
    const std::vector<TaskRef> tasks = options.task.each(options.tasks);
    return option_value("--tasks", [&] { return series_of_tasks(models, tasks); });
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
    plan.download = options.download;
    const bool own_prompts = !options.task.batch.empty() || !options.task.pairs.empty();
    if (is_recipe(options.what)) {
        plan.recipe = load_recipe(options.what);
        plan.model = options.model.ref();
        plan.task = options.task.ref();
        plan.task = suited(plan.task, plan.steps.front().model);
    } else {
        plan.spec = read_spec(options.what);
        plan.task = own_prompts ? options.task.ref() : plan.spec->task;
    }
    return plan;
}

std::string number_or_blank(double value, int digits)
{
    return std::isfinite(value) ? number(value, digits) : "";
}

/// Heads × tasks: the strongest, a column a step.
void say_side_by_side(const SeriesResults &series, const SeriesMeasures &m, Console &console)
{
    constexpr size_t named_heads = 12;
    const int digits = m.heads.unit == "%" ? 1 : 3;
    std::vector<std::vector<std::string>> rows{{"head"}};
    for (const SeriesStepResult &step : series.steps)
        rows[0].push_back(step.name);
    for (const Head &head : strongest_heads(m.heads, named_heads)) {
        rows.push_back({label(head)});
        for (size_t i = 0; i < series.steps.size(); ++i)
            rows.back().push_back(number_or_blank(m.heads.at(i, head), digits));
    }
    console.say("side by side" + (m.heads.unit.empty() ? "" : ", in " + m.heads.unit) + " (table.csv has all heads):");
    for (const std::string &line : aligned(rows))
        console.say("  " + line);
}

/// A row a step: the baseline, how like the reference step it is, and the strongest heads there.
void say(const SeriesResults &series, const SeriesMeasures &m, Console &console)
{
    constexpr size_t named_heads = 4;
    const int digits = m.heads.unit == "%" ? 1 : 3;
    std::vector<std::vector<std::string>> rows{{"step", "clean", "flipped", "jaccard", "weighted", "strongest heads"}};
    for (size_t i = 0; i < series.steps.size(); ++i) {
        std::vector<std::string> cells{series.steps[i].name,
                                       "",
                                       "",
                                       number_or_blank(m.alike.top[i], 2),
                                       number_or_blank(m.alike.weighted[i], 2),
                                       ""};
        if (const auto &base = m.baselines[i]) {
            cells[1] = fixed_text(base->clean, 2);
            cells[2] = fixed_text(base->flipped, 2);
        }
        HeadsOverSteps one = m.heads;
        one.steps = {m.heads.steps[i]};
        for (const Head &head : strongest_heads(one, named_heads))
            cells[5] += (cells[5].empty() ? "" : ", ") + label(head) + " " + fixed_text(m.heads.at(i, head), digits)
                + (m.heads.unit == "%" ? " %" : "");
        if (series.steps[i].state != SeriesState::Done)
            cells[5] = series.steps[i].state == SeriesState::Gap ? "gap: " + series.steps[i].reason : "not there yet";
        else if (m.heads.steps[i].blank)
            cells[5] = "no percentages: the gap is small";
        rows.push_back(std::move(cells));
    }
    console.say(m.heads.words + (m.heads.unit.empty() ? "" : " in " + m.heads.unit) + "; jaccard: of the "
                + std::to_string(m.options.top) + " strongest heads with those of "
                + series.steps[*m.options.reference].name);
    for (const std::string &line : aligned(rows))
        console.say("  " + line);
    if (series.side_by_side)
        return say_side_by_side(series, m, console);
    std::map<size_t, std::string> appeared;
    for (size_t cell = 0; cell < m.first.size(); ++cell)
        if (m.first[cell])
            appeared[*m.first[cell]] += (appeared[*m.first[cell]].empty() ? "" : " ") + label(m.heads.head(cell));
    console.say("first at " + short_text(m.options.threshold) + (m.heads.unit.empty() ? "" : " " + m.heads.unit)
                + " or more:");
    for (const auto &[step, heads] : appeared)
        console.say("  " + series.steps[step].name + "  " + heads);
}

/// What the steps amount to; nothing where they have no number for every head.
std::optional<nlohmann::ordered_json> write_numbers(const Options &options, Console &console)
{
    const SeriesResults series = read_series(options.out, nullptr, options.least_gap);
    MeasureOptions asked = options.measures;
    if (!options.reference.empty())
        asked.reference = option_value("--reference", [&] { return series.named(options.reference); });
    const bool any = std::any_of(series.parts.begin(), series.parts.end(),
                                 [&](const SeriesPart &part) { return !head_quantities(series, part.id).empty(); });
    if (!any && asked.part.empty() && asked.quantity.empty())
        return std::nullopt;
    std::optional<SeriesMeasures> found;
    try {
        found = measure(series, asked);
    } catch (const Error &error) {
        // Whoever asks for certain numbers hears why there are none; the results of several models need none in common.
        if (!series.side_by_side || !asked.part.empty() || !asked.quantity.empty())
            throw;
        console.note(std::string(error.what()) + "; so no table of all steps");
        return std::nullopt;
    }
    const SeriesMeasures &measures = *found;
    say(series, measures, console);
    if (const std::string note = blank_note(series, measures.heads); !note.empty())
        console.say(note);
    return nlohmann::ordered_json(write_measures(options.out, series, measures));
}

void say_what_is_fetched(const Series &series, Console &console)
{
    int64_t count = 0;
    for (size_t i = 0; i < series.outcomes().size(); ++i)
        count += series.outcomes()[i].state != SeriesState::Done && is_to_be_fetched(series.plan().steps[i]);
    if (count > 0)
        console.say(counted(count, "revision") + " will be fetched into " + hub_cache().string()
                    + ", each when it is its turn");
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
    hooks.fetching = [&](const DownloadProgress &at) { console.progress_line(steps[now].name + ": " + at.text()); };
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
    const bool download = plan.download;
    Series run(std::move(plan), options.out, resources, hooks);
    series = &run;
    if (download)
        say_what_is_fetched(run, console);
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
    nlohmann::ordered_json told{{"out", options.out}, {"steps", list}};
    if (there > 0)
        if (const auto files = write_numbers(options, console))
            told["measures"] = *files;
    console.print(told);
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
                   "What to compute at every step: a run spec (.json), a result that was made with one, or a "
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
                       "for all that are there; one that is not there is a gap, unless --download is given")
            ->delimiter(',')
            ->excludes(folders);
    CLI::Option *model = app.get_option("--model");
    revisions->needs(model);
    app.add_flag("--download", options->download,
                 std::string(series_download_words)
                     + ": each revision when it is its turn, the next while one computes; {n} in --revisions then "
                       "stands for all that the hub has, too. Otherwise nothing is ever fetched");
    model->excludes(folders);
    app.add_option(
           "--tasks", options->tasks,
           "Names or files of tasks, as --task takes them, or JSONL and CSV files of prompt pairs: every model, or "
           "--model alone, with each of them, side by side. Otherwise all steps have the same prompts, token by "
           "token")
        ->delimiter(',');
    app.add_option("--out", options->out,
                   "Folder for the results: one a step (of a recipe a folder), and series.json that names them. Steps "
                   "that lie there already of the same series are not computed again; those that are missing or "
                   "broken are gaps with their reason, and tried again the next time")
        ->required();
    const char *numbers = "What is shown of it";
    app.add_option("--part", options->measures.part, "Of a recipe: the step whose numbers are followed")
        ->group(numbers);
    app.add_option("--quantity", options->measures.quantity,
                   "Which of its numbers, such as denoise.z or copy.positive; the first unless given")
        ->group(numbers);
    app.add_flag("--raw-values", options->measures.raw,
                 "Effects as differences of the metric, not in % of each step's gap")
        ->group(numbers);
    add_decimal(app, "--threshold", options->measures.threshold,
                "A head has appeared where its value is at least this, whatever its sign; 10 (%) unless given")
        ->group(numbers);
    app.add_option("--top", options->measures.top, "How many heads are compared with those of the reference step")
        ->group(numbers)
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
    app.add_option("--reference", options->reference, "The step that others are compared with, by its name; the last")
        ->group(numbers);
    add_decimal(app, "--least-gap", options->least_gap,
                "No percentages where the gap of the logit differences is smaller than this")
        ->group(numbers);
    options->task.add(app);
    for (const char *other : {"--task", "--task-file", "--pairs", "--batch"})
        app.get_option("--tasks")->excludes(app.get_option(other));
    app.parse_complete_callback([options] {
        if (options->task.chosen()) // otherwise the usual one of the first step's model
            options->task.choose_for(options->model);
    });
    options->resources.add(app);
    options->output.add(app, "");
    return [options, model] { return run(*options, model->count() > 0); };
}

} // namespace patchbay::cli
