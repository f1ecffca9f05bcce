// patchbay-cli run: a spec from a JSON file, or that of a result file, so that any result can be made again or
// continued; shards of a plan.
#include "analysis/known_runs.h"
#include "analysis/registry.h"
#include "analysis_run.h"
#include "command.h"
#include "model/model_folder.h"
#include "shard_run.h"
#include "spec_file.h"
#include "sweep.h"
#include "usage_error.h"

namespace patchbay::cli {

namespace {

struct Options {
    std::string file, model, at;
    ResourceOptions resources;
    OutputOptions output;
    SweepOptions sweep;
    ShardOptions shards;
    bool resume = false, print_only = false;
};

/// What runs a shard: it has no choice in what is computed, or other shards would not fit.
int run_of_shards(const Options &options)
{
    const std::pair<const char *, bool> refused[] = {{"--resume", options.resume},
                                                     {"--print-spec", options.print_only},
                                                     {"--metric", options.sweep.asks_for_metric()},
                                                     {"--estimates", options.sweep.estimates},
                                                     {"--keep-end", options.sweep.keep_end},
                                                     {"--project", !options.sweep.project.empty()},
                                                     {"--at", !options.at.empty()}};
    for (const auto &[option, given] : refused)
        if (given)
            throw UsageError(option, "is not for shards, which compute what their plan says");
    return run_shards(options.file, options.shards, options.model, options.resources, options.output);
}

/// What a result kept of its patched runs goes to the session, so that another metric is read from it.
void use_kept_ends(const RunResult &result, Session &session, Console &console)
{
    if (!result.arrays.contains("end.stream"))
        return;
    const std::string reason = KnownRuns(session).foreign(result);
    if (reason.empty())
        session.keep_ends(result);
    else
        console.note("what was kept of the patched runs " + reason + ": they are made again");
}

int run(const Options &options)
{
    if (names_shards(options.file))
        return run_of_shards(options);
    if (options.shards.given())
        throw UsageError("--shard", "is for the folder of a plan (patchbay-cli plan)");
    RunSpec spec = read_spec(options.file);
    const bool other_metric = options.sweep.asks_for_metric();
    if (const Analysis *analysis = spec.as<Analysis>(); other_metric && analysis) {
        const AnalysisInfo *known = find_analysis(analysis->name);
        if (!known || !known->any_metric)
            throw UsageError("--metric", "this analysis is of the logit difference");
    }
    if (other_metric && options.resume && spec.metric != options.sweep.metric)
        throw UsageError("--resume", "the cells of the file are of another metric");
    Console console(options.output.json || options.print_only, options.output.quiet);
    if (options.print_only) {
        console.print(to_json(spec));
        return 0;
    }
    if (spec.is<Analysis>() && !options.sweep.project.empty())
        throw UsageError("--project", "records sweeps; an analysis is written with --out");
    if (spec.is<Analysis>() && options.resume && spec.as<Analysis>()->name != "edges")
        throw UsageError("--resume", "an analysis has no cells to go on with");
    WorkOptions work_options = work_of(spec, options.file, options.model);
    work_options.resources = options.resources;
    work_options.output = options.output;
    work_options.at = options.at;
    Workspace work(work_options, console);
    spec.model = work.spec().model; // as it was found, with its hash; the prompts likewise
    spec.task = work.spec().task;
    RunResult earlier;
    if (options.resume || (other_metric && is_result(options.file)))
        earlier = load_result(options.file);
    if (other_metric)
        spec.metric = options.sweep.metric;
    if (spec.is<Analysis>())
        return run_analysis_spec(work, spec, options.output, options.sweep.top, console,
                                 options.resume ? &earlier : nullptr);
    if (other_metric && !work.elsewhere())
        use_kept_ends(earlier, work.session(), console);
    return run_specs(work, {spec}, options.output, options.sweep, console, options.resume ? &earlier : nullptr);
}

} // namespace

Runner add_run(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option(
           "file", options->file,
           "A run spec (.json), - for one on standard input, a result (.safetensors, .npz, .json), the spec of a "
           "shard or the folder of a plan")
        ->required();
    app.add_option("--model", options->model,
                   "Use this model, a folder or a name in the cache, instead of the one that the spec names")
        ->type_name("DIR|NAME[@REVISION]");
    CLI::Option *resume =
        app.add_flag("--resume", options->resume, "Keep the exact cells of this result and compute the missing ones");
    app.add_flag("--print-spec", options->print_only, "Print the spec as JSON and do nothing")->excludes(resume);
    options->resources.add(app);
    add_at(app, options->at);
    options->output.add(app, "Write the result to this file");
    options->sweep.add(app);
    options->shards.add(app);
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
