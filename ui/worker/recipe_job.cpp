#include "worker/recipe_job.h"

#include "base/error.h"
#include "worker/workbench.h"

#include <QElapsedTimer>

namespace patchbay {

namespace {

constexpr qint64 kProgressInterval = 50; // ms: 20 a second

RecipeRun &recipeOf(Workbench &bench)
{
    if (!bench.recipe)
        throw Error("", "there is no model with a task for the recipe yet");
    return *bench.recipe;
}

} // namespace

StepOutcomes beginRecipeOnWorker(Workbench &bench, const RecipeRequest &request)
{
    if (!bench.session)
        throw Error("", "there is no model with a task for the recipe yet");
    bench.recipe = std::make_unique<RecipeRun>(*bench.session, request.recipe, request.model, request.task);
    return bench.recipe->outcomes();
}

StepOutcomes changeRecipeOnWorker(Workbench &bench, const std::function<void(RecipeRun &)> &change)
{
    RecipeRun &run = recipeOf(bench);
    change(run);
    return run.outcomes();
}

StepOutcomes runStepOnWorker(Workbench &bench, const JobContext &context, size_t step, const std::function<void(int, int)> &progress)
{
    RecipeRun &run = recipeOf(bench);
    QElapsedTimer clock;
    RunObserver observer;
    observer.finished = [&](const FinishedCells &) { context.serveShortJobs(); };
    observer.progress = [&](int done, int total) {
        if (clock.isValid() && done < total && clock.elapsed() < kProgressInterval)
            return;
        clock.start();
        context.post([progress, done, total] { progress(done, total); });
    };
    run.run(step, observer, context.cancel());
    return run.outcomes();
}

} // namespace patchbay
