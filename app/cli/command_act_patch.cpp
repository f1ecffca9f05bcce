// patchbay-cli act-patch and attribution: one activation replaced at a time, exactly or as a first-order estimate.
#include "command.h"
#include "sweep.h"
#include "usage_error.h"

#include <algorithm>

namespace patchbay::cli {

namespace {

struct Options {
    WorkOptions work;
    SweepOptions sweep;
    std::vector<std::string> sites;
    std::string direction = "denoise", positions = "all", ablate, heads;
    bool shared_kv = false;
};

// The specs of all sites: those of a shared KV head are a run of their own, because their grids have another width.
template <class M>
std::vector<RunSpec> specs_of(const Options &options)
{
    M spec;
    spec.direction = option_value("--direction", [&] { return parse_direction(options.direction); });
    spec.positions = option_value("--positions", [&] { return parse_positions(options.positions); });
    if (!options.ablate.empty())
        spec.ablation = option_value("--ablate", [&] { return parse_ablation(options.ablate); });
    if (!options.heads.empty())
        spec.heads = option_value("--heads", [&] { return parse_heads(options.heads); });
    std::vector<Site> own, shared;
    for (std::string name : options.sites) {
        const bool grouped = name == "k_grouped" || name == "v_grouped";
        if (grouped)
            name.resize(1);
        const Site site = option_value("--sites", [&] { return parse_site(name); });
        const bool is_shared = grouped || (options.shared_kv && info(site).grouped);
        std::vector<Site> &list = is_shared ? shared : own;
        if (std::find(list.begin(), list.end(), site) == list.end())
            list.push_back(site);
    }
    std::vector<RunSpec> specs;
    for (const bool is_shared : {false, true}) {
        spec.sites = is_shared ? shared : own;
        spec.shared_kv = is_shared;
        if (!spec.sites.empty())
            specs.push_back(spec_of(spec));
    }
    return specs;
}

template <class M>
int run(const Options &options)
{
    std::vector<RunSpec> specs = specs_of<M>(options);
    Console console(options.work.output.json, options.work.output.quiet);
    Workspace work(options.work, console);
    for (const RunSpec &spec : specs)
        work.check_positions(spec.template as<M>()->positions);
    for (RunSpec &spec : specs) {
        spec.metric = options.sweep.metric;
        spec.model = work.spec().model;
        spec.task = work.spec().task;
    }
    return run_specs(work, specs, options.work.output, options.sweep, console);
}

} // namespace

Runner add_act_patch(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->sites = {"z"};
    options->work.add(app, "Write the metric of every patched run to this file");
    add_at(app, options->work.at);
    app.add_option("--sites", options->sites,
                   site_names(&SiteInfo::swept)
                       + "; k_grouped, v_grouped: the key or value that a group of query heads shares")
        ->delimiter(',')
        ->capture_default_str();
    CLI::Option *direction =
        app.add_option("--direction", options->direction, "denoise: clean into flipped; noise: flipped into clean")
            ->capture_default_str();
    app.add_option("--positions", options->positions,
                   "all, each, end, a role of the prompts (io, s1, s2), or indices such as 3,4")
        ->capture_default_str();
    app.add_option("--ablate", options->ablate,
                   "zero, mean or resample instead of a direction: the clean run without the activation")
        ->check(CLI::IsMember({"zero", "mean", "resample"}))
        ->excludes(direction);
    app.add_option("--heads", options->heads, "Only these heads, such as 9.6,L10H0");
    app.add_flag("--shared-kv", options->shared_kv, "Sites k and v mean k_grouped and v_grouped");
    options->sweep.add(app);
    return [options] { return run<ActPatch>(*options); };
}

Runner add_attribution(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    options->sites = {"z", "q", "k", "v", "pattern"};
    options->work.add(app, "Write the estimates to this file");
    add_at(app, options->work.at);
    app.add_option("--sites", options->sites, site_names(&SiteInfo::estimated))->delimiter(',')->capture_default_str();
    app.add_option("--direction", options->direction, "denoise: clean into flipped; noise: flipped into clean")
        ->capture_default_str();
    options->sweep.add_metric(app);
    app.add_option("--top", options->sweep.top, "Strongest cells of each grid to print")->capture_default_str();
    return [options] { return run<Attribution>(*options); };
}

} // namespace patchbay::cli
