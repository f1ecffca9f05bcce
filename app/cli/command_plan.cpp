// patchbay-cli plan: a run cut into shards.
#include "base/amounts.h"
#include "command.h"
#include "interrupt.h"
#include "shards/shard_folder.h"
#include "spec_file.h"
#include "workspace.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

struct Options {
    std::string file, model;
    int shards = 0;
    ResourceOptions resources;
    OutputOptions output;
};

void say(const Options &options, const ShardPlan &plan, Console &console)
{
    double dearest = 0;
    int empty = 0;
    for (const Shard &shard : plan.shards) {
        dearest = std::max(dearest, shard.cost);
        empty += shard == Shard();
    }
    console.say(counted(plan.cells, "cell") + " on " + counted(plan.prompts, "prompt") + " in "
                + counted(options.shards, "shard") + "; the largest has " + number(100 * dearest, 1)
                + " % of the arithmetic");
    if (empty > 0)
        console.note(counted(empty, "shard") + " of " + std::to_string(options.shards)
                     + " will have nothing to compute: the run has no more chunks, and on this processor taking them "
                       "apart would change the last bits");
    const std::string folder = options.output.out;
    console.say("written to " + folder + "; next, in any order and on any machine of this kind:");
    console.say("  patchbay-cli run " + folder + " --shard K     (K = 1 ... " + std::to_string(options.shards) + ")");
    console.say("  patchbay-cli merge " + folder + " --out FILE");
}

int run(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    RunSpec spec = read_spec(options.file);
    WorkOptions work_options = work_of(spec, options.file, options.model);
    work_options.resources = options.resources;
    Workspace work(work_options, console);
    spec.model = work.spec().model; // as it was found, with its hash; the prompts likewise
    spec.task = work.spec().task;
    const ShardPlan plan = plan_shards(work.session(), spec, options.shards, cancel_on_interrupt());
    write_plan(options.output.out, plan);
    nlohmann::ordered_json told{
        {"out", options.output.out}, {"cells", plan.cells}, {"prompts", plan.prompts}, {"chunks_cut", plan.chunks_cut}};
    told["costs"] = nlohmann::ordered_json::array();
    for (const Shard &shard : plan.shards)
        told["costs"].push_back(shard.cost);
    console.print(told);
    say(options, plan, console);
    return 0;
}

} // namespace

Runner add_plan(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("spec", options->file, "A run spec (.json), or a result whose spec it is")->required();
    app.add_option("--shards", options->shards, "Into how many shards")->required()->check(CLI::Range(1, 1000000));
    app.add_option("--model", options->model,
                   "Use this model, a folder or a name in the cache, instead of the one that the spec names")
        ->type_name("DIR|NAME[@REVISION]");
    options->resources.add(app);
    app.add_option("--out", options->output.out,
                   "The folder that gets plan.json, a spec for each shard and the results")
        ->required()
        ->type_name("DIR");
    options->output.add(app, "");
    app.footer("Memory budget and threads stand in the plan, and hold for every shard. The bytes are those of one run "
               "with the same ones on the same kind of processor.");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
