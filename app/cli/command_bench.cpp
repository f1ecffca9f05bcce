// patchbay-cli bench: seconds, arithmetic and memory of four standard workloads, on random weights or on a given model.
#include "base/amounts.h"
#include "base/cores.h"
#include "bench_timing.h"
#include "bench_work.h"
#include "block/gemm_rate.h"
#include "command.h"
#include "interrupt.h"
#include "task/task_source.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sys/resource.h>

namespace patchbay::cli {

namespace {

using nlohmann::ordered_json;

struct Options {
    std::string geometry = "pythia-160m", model, batch;
    std::vector<std::string> works = bench_works();
    int prompts = 70, context = 20, layers = 0, repeat = 1;
    bool grow = false, no_estimates = false;
    ResourceOptions resources;
    OutputOptions output;
};

// What is measured: everything that --grow changes.
struct Setting {
    int prompts, context, layers;
};

double seconds_since(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The kernel's own high-water mark of this program. getrusage() would also count what the caller had before it started
// this one.
int64_t peak_rss_bytes()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind("VmHWM:", 0) == 0)
            return std::stoll(line.substr(6)) * 1024;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return int64_t(usage.ru_maxrss) * 1024;
}

std::shared_ptr<const Model> make_model(const Options &options, const Setting &setting, Console &console)
{
    if (!options.model.empty()) {
        ModelOptions model;
        model.path = options.model;
        return load_model(model, console, false);
    }
    ModelConfig config = option_value("--geometry", [&] { return bench_geometry(options.geometry); });
    if (setting.layers > 0)
        config.n_layers = setting.layers;
    console.progress("making random weights", 0);
    return Model::random(config, 1);
}

PromptBatch make_batch(const Options &options, const Setting &setting, const Model &model)
{
    if (options.batch.empty())
        return option_value("--context",
                            [&] { return bench_batch(setting.prompts, setting.context, model.config().d_vocab, 1); });
    TaskRef task;
    task.kind = "batch";
    task.file = options.batch;
    return load_batch(task, nullptr);
}

ordered_json measure(Session &session, const std::string &work, const Options &options, Console &console)
{
    const RunSpec spec = option_value("--work", [&] { return bench_spec(work, session.model().config()); });
    std::vector<double> first;
    RunResult result;
    const BenchTiming timing = time_beside_rate(
        options.repeat,
        [&] {
            RunObserver observer;
            observer.estimates = !options.no_estimates;
            observer.tell = on_progress(
                [&](int done, int total) { console.progress(work + ":", total > 0 ? double(done) / total : 1); });
            const auto start = std::chrono::steady_clock::now();
            result = session.run(spec, observer, cancel_on_interrupt());
            const double seconds = seconds_since(start);
            cancel_on_interrupt().check();
            first.push_back(result.first_exact_seconds);
            return TimedRun{seconds, result.flops};
        },
        [&] { return gemm_rate(840, 3072, 768, session.precision()); });
    console.end_progress();
    std::sort(first.begin(), first.end());
    int cells = 0;
    for (const Grid &grid : result.grids)
        cells += grid.cells();
    console.say(work + "  " + number(timing.median) + " s  " + counted(cells, "cell") + ", "
                + number(cells / timing.median, 0) + "/s  " + number(result.flops / 1e12) + " TFLOP  "
                + (timing.gemm_share ? number(100 * *timing.gemm_share, 0) + " % of the GEMM rate, "
                           + number(timing.gemm_rate / 1e9, 0) + " GFLOP/s"
                                     : "no share of the GEMM rate: the machine is too busy to measure it")
                + "  first cell " + number(1e3 * first[first.size() / 2], 0) + " ms");
    ordered_json out = {{"seconds", timing.median},
                        {"cells", cells},
                        {"cells_per_second", cells / timing.median},
                        {"flops", result.flops},
                        {"first_cell_seconds", first[first.size() / 2]},
                        {"gemm_share", nullptr},
                        {"gemm_flops_per_second", timing.gemm_rate},
                        {"runs", timing.seconds}};
    if (timing.gemm_share)
        out["gemm_share"] = *timing.gemm_share;
    return out;
}

// One model and batch.
ordered_json measure_all(const Options &options, const Setting &setting, const std::vector<std::string> &works,
                         const Resources &resources, Console &console)
{
    const auto model = make_model(options, setting, console);
    Session session(model, make_batch(options, setting, *model), resources);
    const auto start = std::chrono::steady_clock::now();
    session.baseline(cancel_on_interrupt());
    ordered_json out = {{"baseline_seconds", seconds_since(start)},
                        {"precision", name(session.precision())},
                        {"arithmetic", session.arithmetic()}};
    for (const std::string &work : works)
        out[work] = measure(session, work, options, console);
    return out;
}

// How the cost of W1 grows along one axis while the others stay.
ordered_json growth(const Options &options, const Resources &resources, Console &console)
{
    const int layers = options.layers > 0 ? options.layers : bench_geometry(options.geometry).n_layers;
    // A long context takes memory for both runs' activations in proportion, hence few prompts.
    const int few = std::min(options.prompts, 10);
    const std::vector<std::pair<std::string, std::vector<Setting>>> axes = {
        {"prompts", {{10, options.context, layers}, {70, options.context, layers}, {700, options.context, layers}}},
        {"layers",
         {{options.prompts, options.context, 6},
          {options.prompts, options.context, 12},
          {options.prompts, options.context, 24}}},
        {"context", {{few, 20, layers}, {few, 100, layers}, {few, 500, layers}}}};
    ordered_json out;
    for (const auto &[axis, settings] : axes)
        for (const Setting &setting : settings) {
            console.say(axis + ": " + counted(setting.prompts, "prompt") + ", " + counted(setting.layers, "layer")
                        + ", " + counted(setting.context, "token"));
            ordered_json row = {{"prompts", setting.prompts}, {"layers", setting.layers}, {"context", setting.context}};
            row.update(measure_all(options, setting, {"W1"}, resources, console));
            row["peak_rss_bytes"] = peak_rss_bytes();
            out[axis].push_back(row);
        }
    return out;
}

int run(const Options &options)
{
    if (!options.batch.empty() && options.model.empty())
        throw UsageError("--batch", "needs --model: token ids belong to a vocabulary");
    for (const std::string &work : options.works)
        option_value("--work", [&] { return bench_spec(work, bench_geometry("pythia-160m")); });
    const Resources resources = options.resources.apply();
    options.output.check();
    Console console(options.output.json, options.output.quiet);
    ordered_json out =
        measure_all(options, {options.prompts, options.context, options.layers}, options.works, resources, console);
    double rate = 0; // the fastest that was seen beside any workload
    for (const std::string &work : options.works)
        rate = std::max(rate, out[work]["gemm_flops_per_second"].get<double>());
    out["gemm_flops_per_second"] = rate;
    out["float32_flops_per_second"] = gemm_rate();
    out["peak_rss_bytes"] = peak_rss_bytes();
    out["threads"] = options.resources.threads > 0 ? options.resources.threads : usable_cores();
    out["geometry"] = options.model.empty() ? options.geometry : options.model;
    out["prompts"] = options.prompts;
    out["version"] = program_version();
    console.say("peak memory " + number(double(peak_rss_bytes()) / 1e9, 2) + " GB");
    if (options.grow)
        out["grow"] = growth(options, resources, console);
    console.print(out);
    return 0;
}

} // namespace

Runner add_bench(CLI::App &app)
{
    const auto options = std::make_shared<Options>();
    CLI::Option *geometry = app.add_option("--geometry", options->geometry,
                                           "Random weights of this shape: pythia-70m, pythia-160m, pythia-410m, gpt2")
                                ->capture_default_str();
    app.add_option("--work", options->works,
                   "Workloads: W1 z; W2 z to resid_post; W3 z to q of six heads; W4 z, q, k, v, pattern")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--prompts", options->prompts, "Number of prompt pairs")
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
    app.add_option("--context", options->context, "Tokens of the longest prompt")->capture_default_str();
    app.add_option("--layers", options->layers, "Another number of layers than the geometry's")
        ->check(CLI::Range(1, 1000));
    app.add_option("--repeat", options->repeat, "Runs of each workload; the median counts")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    CLI::Option *model = app.add_option("--model", options->model,
                                        "A model, by its folder or its name in the cache, instead of random weights")
                             ->type_name("DIR|NAME[@REVISION]")
                             ->excludes(geometry);
    app.add_option("--batch", options->batch, "Token ids instead of the synthetic prompts")->needs(model);
    app.add_flag("--grow", options->grow, "Also how W1 grows with prompts, layers and context")->excludes(model);
    app.add_flag("--no-estimates", options->no_estimates, "Without attribution patching first: cells in any order");
    options->resources.add(app);
    options->output.add(app, "");
    return [options] { return run(*options); };
}

} // namespace patchbay::cli
