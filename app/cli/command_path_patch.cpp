// patchbay-cli path-patch: from senders along direct paths into receivers.
#include "command.h"
#include "sweep.h"
#include "usage_error.h"

namespace patchbay::cli {

namespace {

struct Options {
    WorkOptions work;
    SweepOptions sweep;
    std::string senders = "z", receivers, direction = "noise", positions = "all", ablate;
    bool freeze_mlps = false;
};

RunSpec spec_of(const Options &options)
{
    PathPatch spec;
    spec.senders = option_value("--senders", [&] { return parse_ends(options.senders); });
    spec.receivers = option_value("--receivers", [&] { return parse_ends(options.receivers); });
    spec.direction = option_value("--direction", [&] { return parse_direction(options.direction); });
    spec.positions = option_value("--positions", [&] { return parse_positions(options.positions); });
    if (!options.ablate.empty())
        spec.ablation = option_value("--ablate", [&] { return parse_ablation(options.ablate); });
    spec.direct_includes_mlps = !options.freeze_mlps;
    if (spec.senders.sweep && spec.receivers.sweep)
        throw UsageError("--receivers",
                         "sweeping every sender needs a list of receivers, such as q:8.1,q:8.2 or resid_post:11");
    if (spec.positions.kind == Positions::Kind::Each)
        throw UsageError("--positions", "a path is patched at all positions or at named ones, not at each in turn");
    return spec_of(spec);
}

int run(const Options &options)
{
    RunSpec spec = spec_of(options);
    Console console(options.work.output.json, options.work.output.quiet);
    Workspace work(options.work, console);
    work.check_positions(spec.as<PathPatch>()->positions);
    spec.metric = options.sweep.metric;
    spec.model = work.spec().model;
    spec.task = work.spec().task;
    return run_specs(work, {spec}, options.work.output, options.sweep, console);
}

} // namespace

Runner add_path_patch(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->work.add(app, "Write the metric of every patched run to this file");
    add_at(app, options->work.at);
    app.add_option(
           "--senders", options->senders,
           "z, mlp_out or attn_out: every one, one at a time; or a list that sends together, such as z:0.3,mlp_out:1")
        ->capture_default_str();
    app.add_option("--receivers", options->receivers,
                   "What receives, together: resid_post:11, or q:8.1,v:9.0,pattern:9.4,q_input:8.1; or q, k, v …: "
                   "every head, one at a time")
        ->required();
    app.add_option("--direction", options->direction, "noise: flipped into clean; denoise: clean into flipped")
        ->capture_default_str();
    app.add_option("--positions", options->positions,
                   "all, end, a role of the prompts (io, s1, s2), or indices such as 3,4")
        ->capture_default_str();
    app.add_option("--ablate", options->ablate, "zero: the senders' new value is zero")->check(CLI::IsMember({"zero"}));
    app.add_flag("--freeze-mlps", options->freeze_mlps, "Paths do not lead through MLPs (direct_includes_mlps false)");
    options->sweep.add(app);
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
