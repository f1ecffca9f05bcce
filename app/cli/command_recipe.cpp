// patchbay-cli recipe: a whole chain of runs, each resting on what the earlier ones found, into a folder of results.
#include "analysis/recipe.h"
#include "base/amounts.h"
#include "base/plain_text.h"
#include "command.h"
#include "interrupt.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>
#include <chrono>

namespace patchbay::cli {

namespace {

struct Options {
    std::string recipe, out, from;
    std::vector<std::string> only;
    WorkOptions work;
};

// A step by its name or its number from 1.
size_t step_named(const Recipe &recipe, const std::string &text, const char *option)
{
    for (size_t i = 0; i < recipe.steps.size(); ++i)
        if (recipe.steps[i].id == text || std::to_string(i + 1) == text)
            return i;
    std::string ids;
    for (const RecipeStep &step : recipe.steps)
        ids += (ids.empty() ? "" : ", ") + step.id;
    throw UsageError(option, "'" + text + "' is no step of " + recipe.name + "; there are " + ids);
}

// The steps to run: all, or some with those that they use.
std::vector<size_t> wanted_steps(const Recipe &recipe, const std::vector<std::string> &only)
{
    std::vector<size_t> steps;
    for (size_t i = 0; only.empty() && i < recipe.steps.size(); ++i)
        steps.push_back(i);
    for (const std::string &text : only) {
        steps.push_back(step_named(recipe, text, "--only"));
        const std::vector<size_t> before = prerequisites(recipe, steps.back());
        steps.insert(steps.end(), before.begin(), before.end());
    }
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    return steps;
}

/// Shows the step on its way, and how far the whole recipe is with the time that is left.
class Progress {
public:
    Progress(const RecipeRun &chain, std::vector<size_t> steps, Console &console)
        : m_chain(chain), m_steps(std::move(steps)), m_console(console), m_start(std::chrono::steady_clock::now()),
          m_whole(chain.work_left(m_steps))
    {
    }
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }
    void show(size_t step, double share) const
    {
        const double left = m_chain.work_left(m_steps, share), done = m_whole - left;
        const std::vector<RecipeStep> &all = m_chain.recipe().steps;
        m_console.progress(std::to_string(step + 1) + "/" + std::to_string(all.size()) + " " + all[step].title + " "
                               + fixed_text(100 * share, 0) + " %; recipe",
                           m_whole > 0 ? done / m_whole : 1, done > 0.02 * m_whole ? seconds() * left / done : -1);
    }

private:
    const RecipeRun &m_chain;
    const std::vector<size_t> m_steps;
    Console &m_console;
    const std::chrono::steady_clock::time_point m_start;
    const double m_whole;
};

int run(const Options &options)
{
    const Recipe recipe = load_recipe(options.recipe);
    Console console(options.work.output.json, options.work.output.quiet);
    if (options.out.empty())
        throw UsageError("--out", "name the folder for the results");
    const std::vector<size_t> wanted = wanted_steps(recipe, options.only);
    const size_t again = options.from.empty() ? recipe.steps.size() : step_named(recipe, options.from, "--from");
    Workspace work(options.work, console);
    const RunSpec named = work.spec();
    RecipeRun chain(work.session(), recipe, named.model, named.task);
    console.say(recipe.title);
    chain.keep_in(
        options.out, [&](const std::string &text) { console.note(text); }, again, cancel_on_interrupt());
    const auto tell = [&](size_t step) {
        const StepOutcome &outcome = chain.outcomes()[step];
        console.end_progress();
        console.say("");
        console.say(std::to_string(step + 1) + ". " + recipe.steps[step].title + " (" + name(outcome.state) + ", "
                    + (outcome.kept ? "as it lay in the folder" : duration_text(outcome.seconds)) + ")");
        console.say("   " + outcome.message);
    };
    const Progress progress(chain, wanted, console);
    bool interrupted = false;
    try {
        for (const size_t step : wanted) {
            RunObserver observer;
            observer.tell =
                on_progress([&](int done, int total) { progress.show(step, total > 0 ? double(done) / total : 1); });
            if (chain.outcomes()[step].state == StepState::Pending)
                chain.run(step, observer, cancel_on_interrupt());
            tell(step);
        }
    } catch (const Cancelled &) {
        interrupted = true;
    }
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    bool failed = false;
    for (size_t i = 0; i < recipe.steps.size(); ++i) {
        const StepOutcome &outcome = chain.outcomes()[i];
        failed = failed || outcome.state == StepState::Failed;
        steps.push_back({{"id", recipe.steps[i].id},
                         {"state", name(outcome.state)},
                         {"message", outcome.message},
                         {"seconds", outcome.seconds},
                         {"kept", outcome.kept}});
    }
    const double seconds = progress.seconds();
    console.print({{"recipe", recipe.name},
                   {"out", options.out},
                   {"seconds", seconds},
                   {"cells", chain.known().computed_cells()},
                   {"flops", chain.known().computed_flops()},
                   {"steps", steps}});
    console.say("");
    console.say("took " + duration_text(seconds) + "; results and recipe.json are in " + options.out
                + "; `patchbay report " + options.out + "` draws them");
    if (interrupted)
        console.say("interrupted: the same command goes on where it stopped");
    return interrupted ? 130 : failed ? 1 : 0;
}

} // namespace

Runner add_recipe(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("recipe", options->recipe,
                   "The name of a recipe that comes with the program (ioi-circuit), or a file")
        ->required();
    app.add_option("--out", options->out,
                   "Folder for the results: one file a step, and recipe.json that names them. What lies there of the "
                   "same recipe, model and prompts is not computed again")
        ->required();
    app.add_option("--from", options->from,
                   "Compute this step and all after it again, by its name or number (1: everything)");
    app.add_option("--only", options->only, "Run these steps, and those that they use, and leave the others pending")
        ->delimiter(',');
    options->work.model.add(app);
    options->work.task.add(app);
    options->work.resources.add(app);
    options->work.output.add(app, "");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
