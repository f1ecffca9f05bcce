// patchbay-cli merge: the results of shards put together.
#include "base/amounts.h"
#include "command.h"
#include "console.h"
#include "options.h"
#include "patching/controls.h"
#include "shards/shard_folder.h"

namespace patchbay::cli {

namespace {

struct Options {
    std::string folder;
    OutputOptions output;
    bool partial = false;
    MergeOptions merge;
};

int run(const Options &options)
{
    Console console(options.output.json, options.output.quiet);
    options.output.check();
    const ShardPlan plan = read_plan(options.folder);
    const Merged merged = merge_folder(options.folder, plan, options.merge);
    const std::string missing = what_is_missing(merged, plan);
    console.print({{"complete", merged.complete()},
                   {"missing", merged.missing},
                   {"unfinished", merged.unfinished},
                   {"cells", plan.cells},
                   {"missing_cells", merged.missing_cells},
                   {"out", options.output.out}});
    if (!missing.empty() && !options.partial)
        throw Error(options.folder,
                    missing + "; patchbay-cli run " + options.folder
                        + " --shard K computes one, --partial writes what is there");
    if (!missing.empty())
        console.note(missing);
    if (controls_failed(merged.result))
        console.note(controls_note(merged.result));
    save_result(options.output.out, merged.result);
    console.say(counted(plan.cells - merged.missing_cells, "cell") + " of "
                + counted(int64_t(plan.shards.size()), "shard") + ", written to " + options.output.out);
    return 0;
}

} // namespace

Runner add_merge(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    app.add_option("folder", options->folder, "The folder of a plan, with the results of its shards")->required();
    options->output.add(app, "Write the result to this file");
    app.get_option("--out")->required();
    app.add_flag("--partial", options->partial,
                 "Write what there is; cells of shards that are missing or not finished are missing in it");
    app.add_flag("--mixed", options->merge.mixed,
                 "Put together also what machines that round otherwise have computed: right to rounding, and not the "
                 "bytes of one run");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
