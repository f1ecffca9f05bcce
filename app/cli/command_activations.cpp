// patchbay-cli logits and cache: what the model computes on the prompts, as arrays.
#include "command.h"
#include "interrupt.h"
#include "io/array_files.h"
#include "usage_error.h"
#include "workspace.h"

namespace patchbay::cli {

namespace {

FileMetadata metadata_of(const Workspace &work)
{
    return {{"version", program_version()}, {"model_sha256", work.model().trust().sha256}};
}

void write(const WorkOptions &options, const ArrayMap &arrays, const Workspace &work, Console &console)
{
    write_arrays(options.output.out, arrays, metadata_of(work));
    nlohmann::ordered_json shapes;
    for (const auto &[name, array] : arrays)
        shapes[name] = array.shape;
    console.print({{"out", options.output.out}, {"arrays", shapes}});
    console.say(std::to_string(arrays.size()) + " arrays written to " + options.output.out);
}

void need_out(const OutputOptions &output)
{
    if (!output.wanted())
        throw UsageError("--out", "is needed: the arrays go to a file");
}

int run_logits(const WorkOptions &options)
{
    need_out(options.output);
    Console console(options.output.json, options.output.quiet);
    Workspace work(options, console);
    const HookedTransformer transformer(work.model_ptr());
    ArrayMap arrays;
    for (const bool flipped : {false, true}) {
        console.progress("computing", flipped ? 0.5 : 0);
        arrays[flipped ? "flipped" : "clean"] =
            transformer.run(tokens_of(work.batch(), flipped), {}, cancel_on_interrupt()).logits;
    }
    write(options, arrays, work, console);
    return 0;
}

struct CacheOptions {
    WorkOptions work;
    std::string which = "clean";
    std::vector<std::string> hooks;
    bool grouped_kv = false, split_qkv = false, list = false;
};

int run_cache(const CacheOptions &options)
{
    Console console(options.work.output.json, options.work.output.quiet);
    if (options.list) {
        options.work.resources.apply();
        const HookedTransformer transformer(load_model(options.work.model, console, false));
        const auto names = options.hooks.empty() ? transformer.hook_names() : transformer.match(options.hooks);
        console.print(names);
        for (const std::string &name : names)
            console.say(name);
        return 0;
    }
    if (options.hooks.empty())
        throw UsageError("--hooks", "is needed, such as 'blocks.*.attn.hook_z'; --list prints every name");
    need_out(options.work.output);
    Workspace work(options.work, console);
    const HookedTransformer transformer(work.model_ptr());
    HookedTransformer::Options run;
    run.keep = transformer.match(options.hooks);
    run.logits = false;
    run.ungroup_kv = !options.grouped_kv;
    run.split_qkv = options.split_qkv;
    const ArrayMap arrays =
        transformer.run(tokens_of(work.batch(), options.which == "flipped"), run, cancel_on_interrupt()).cache;
    write(options.work, arrays, work, console);
    return 0;
}

} // namespace

Runner add_logits(CLI::App &app)
{
    const auto options = std::make_shared<WorkOptions>();
    options->add(app, "Write clean and flipped [prompts, pos, vocab] to this file");
    return [options] { return run_logits(*options); };
}

Runner add_cache(CLI::App &app)
{
    const auto options = std::make_shared<CacheOptions>();
    options->work.add(app, "Write one array for each hook point to this file");
    app.add_option("--which", options->which, "Prompts to run: clean or flipped")
        ->capture_default_str()
        ->check(CLI::IsMember({"clean", "flipped"}));
    app.add_option("--hooks", options->hooks, "Hook points by name or glob, such as 'blocks.*.attn.hook_z,hook_embed'")
        ->delimiter(',');
    app.add_flag(
        "--grouped-kv,!--ungroup-kv", options->grouped_kv,
        "Keys and values of grouped models once per KV head, as they are shared, instead of once per query head");
    app.add_flag("--split-qkv", options->split_qkv,
                 "Norms of the attention input once per head, as with TransformerLens' use_split_qkv_input");
    app.add_flag("--list", options->list, "Print the names of the hook points instead");
    return [options] { return run_cache(*options); };
}

} // namespace patchbay::cli
