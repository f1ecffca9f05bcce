// patchbay-cli recipe: a whole chain of runs, each resting on what the earlier ones found, into a folder of results.
#include "analysis/recipe.h"
#include "command.h"
#include "interrupt.h"
#include "usage_error.h"
#include "workspace.h"

#include <chrono>

namespace patchbay::cli {

namespace {

struct Options {
    std::string recipe, out;
    WorkOptions work;
};

int run(const Options &options)
{
    const Recipe recipe = load_recipe(options.recipe);
    Console console(options.work.output.json, options.work.output.quiet);
    if (options.out.empty())
        throw UsageError("--out", "name the folder for the results");
    Workspace work(options.work, console);
    const RunSpec named = work.spec();
    RecipeRun chain(work.session(), recipe, named.model, named.task);
    const auto start = std::chrono::steady_clock::now();
    console.say(recipe.title);
    size_t current = 0;
    const auto tell = [&] {
        const StepOutcome &outcome = chain.outcomes()[current];
        console.end_progress();
        console.say("");
        console.say(std::to_string(current + 1) + ". " + recipe.steps[current].title + " (" + name(outcome.state) + ", "
                    + duration(outcome.seconds) + ")");
        console.say("   " + outcome.message);
    };
    bool interrupted = false;
    try {
        for (; current < recipe.steps.size(); ++current) {
            RunObserver observer;
            observer.tell = on_progress([&](int done, int total) {
                console.progress(std::to_string(current + 1) + "/" + std::to_string(recipe.steps.size()) + " "
                                     + recipe.steps[current].title,
                                 total > 0 ? double(done) / total : 1);
            });
            chain.run(current, observer, cancel_on_interrupt());
            tell();
        }
    } catch (const Cancelled &) {
        interrupted = true;
    }
    chain.save(options.out);
    nlohmann::ordered_json steps = nlohmann::ordered_json::array();
    bool failed = false;
    for (size_t i = 0; i < recipe.steps.size(); ++i) {
        const StepOutcome &outcome = chain.outcomes()[i];
        failed = failed || outcome.state == StepState::Failed;
        steps.push_back({{"id", recipe.steps[i].id},
                         {"state", name(outcome.state)},
                         {"message", outcome.message},
                         {"seconds", outcome.seconds}});
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    console.print({{"recipe", recipe.name}, {"out", options.out}, {"seconds", seconds}, {"steps", steps}});
    console.say("");
    console.say("took " + duration(seconds) + "; results and recipe.json are in " + options.out + "; `patchbay report "
                + options.out + "` draws them");
    return interrupted ? 130 : failed ? 1 : 0;
}

} // namespace

Runner add_recipe(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("recipe", options->recipe,
                   "The name of a recipe that comes with the program (ioi-circuit), or a file")
        ->required();
    app.add_option("--out", options->out, "Folder for the results: one file a step, and recipe.json that names them")
        ->required();
    options->work.model.add(app);
    options->work.task.add(app);
    options->work.resources.add(app);
    options->work.output.add(app, "");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
