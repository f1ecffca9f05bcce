#include "analysis/analysis.h"

#include "analysis/detail/readings.h"
#include "analysis/known_runs.h"
#include "base/sha256.h"
#include "base/signals.h"
#include "model/check_head.h"
#include "task/python_random.h"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>

namespace patchbay {

namespace {

// Every program that links core knows them all: core/CMakeLists.txt asks the linker for this name.
[[maybe_unused]] const bool registered = (register_analyses(declared::all()), true);

} // namespace

extern "C" void patchbay_analyses() { }

RunResult run_analysis(Session &session, const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel,
                       KnownRuns *known)
{
    const SignalsHeldOff held;
    const auto start = std::chrono::steady_clock::now();
    const Analysis *analysis = spec.as<Analysis>();
    if (!analysis)
        throw Error("method", "is " + method_name(spec) + ", which a session runs, not run_analysis");
    check_analysis(*analysis);
    const AnalysisInfo &info = *find_analysis(analysis->name);
    if (!info.any_metric && metric_of(spec) != Metric::LogitDiff)
        throw Error("metric",
                    "this analysis is of the " + std::string(metrics().front().words) + ", not of the "
                        + patchbay::info(metric_of(spec)).words);
    detail::require_roles(session.batch(), info);
    RunResult result;
    result.spec = spec;
    result.baseline = session.baseline(metric_of(spec), cancel);
    check_heads(analysis->heads, session.model().config()); // also where the analysis reads none: they were asked for
    result.model_sha256 = session.model().trust().sha256;
    result.version = program_version();
    result.arithmetic = session.arithmetic();
    result.computed_on = session.computed_on();
    result.summary = nlohmann::json::object();
    if (observer.tell)
        observer.tell(Started{result});
    KnownRuns own(session);
    result.complete = true; // unless it says that it was stopped
    detail::AnalysisRun run{session,  session.internals(),  spec,  *analysis, result,
                            observer, known ? *known : own, cancel};
    const nlohmann::json files = file_hashes(*analysis);
    info.run(run);
    if (!files.empty())
        result.summary["files"] = files;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (observer.tell)
        observer.tell(Done{RunEnd{result.complete, result.seconds, result.arrays, result.summary}});
    return result;
}

nlohmann::json file_hashes(const Analysis &analysis)
{
    nlohmann::json hashes = nlohmann::json::object();
    const AnalysisInfo *info = find_analysis(analysis.name);
    if (!info || !analysis.options.is_object())
        return hashes;
    const auto is_file = [](const std::filesystem::path &file) {
        std::error_code ignored;
        return !file.empty() && std::filesystem::is_regular_file(file, ignored);
    };
    for (const Parameter &parameter : info->parameters) {
        const std::filesystem::path file = parameter_text(analysis, parameter.name.c_str(), {});
        if (parameter.kind == Parameter::Kind::File && is_file(file))
            hashes[parameter.name] = sha256_of_files({file});
        if (parameter.kind == Parameter::Kind::Circuits)
            for (const nlohmann::json &one : analysis.options.value(parameter.name, nlohmann::json::array()))
                if (one.is_string() && one.get<std::string>().size() < 4096 && is_file(one.get<std::string>()))
                    hashes[parameter.name + " " + one.get<std::string>()] = sha256_of_files({one.get<std::string>()});
    }
    return hashes;
}

Interval bootstrap(const std::vector<float> &per_prompt, int samples, uint64_t seed)
{
    if (per_prompt.empty())
        return {};
    const size_t n = per_prompt.size();
    Interval interval;
    interval.mean = std::accumulate(per_prompt.begin(), per_prompt.end(), 0.0) / double(n);
    PythonRandom random(static_cast<int64_t>(seed));
    std::vector<double> means;
    for (int i = 0; i < samples; ++i) {
        double sum = 0;
        for (size_t j = 0; j < n; ++j)
            sum += per_prompt[size_t(random.below(uint32_t(n)))];
        means.push_back(sum / double(n));
    }
    std::sort(means.begin(), means.end());
    interval.low = means[size_t(0.025 * double(samples - 1))];
    interval.high = means[size_t(0.975 * double(samples - 1))];
    return interval;
}

namespace {

bool is_of_prompts(const std::string &name, const Array &array)
{
    return quantity_named(name).draw == Quantity::Draw::Heads && array.is_float() && array.shape.size() == 3
        && array.shape[2] > 1;
}

std::vector<float> prompts_of(const Array &array, int cell)
{
    const auto first = array.floats().begin() + std::ptrdiff_t(cell) * array.shape[2];
    return {first, first + array.shape[2]};
}

} // namespace

std::map<std::string, int> cells_with_intervals(const RunResult &result)
{
    std::map<std::string, int> cells;
    for (const Grid &grid : result.grids)
        if (!info(result.baseline.metric).from_clean || grid.direction == Direction::Denoise)
            cells[grid.name] = grid.cells();
    for (const auto &[name, array] : result.arrays) {
        const int heads = is_of_prompts(name, array) ? int(array.shape[0] * array.shape[1]) : 0;
        for (int cell = 0; cell < heads; ++cell) {
            const std::vector<float> values = prompts_of(array, cell);
            if (std::accumulate(values.begin(), values.end(), 0.0) < 0) {
                cells[name] = heads;
                break;
            }
        }
    }
    return cells;
}

double half_width_of(const RunResult &result, const std::string &name, int cell)
{
    if (const Grid *grid = result.grid(name))
        return bootstrap_half_width(*grid, cell, result.baseline);
    const auto found = result.arrays.find(name);
    if (found == result.arrays.end() || !is_of_prompts(name, found->second))
        return std::nan("");
    const Interval interval = bootstrap(prompts_of(found->second, cell));
    const double half = (interval.high - interval.low) / 2;
    return std::isfinite(half) ? half : std::nan("");
}

double half_width_of(const RunResult &result, const std::string &name, Head head)
{
    if (const Grid *grid = result.grid(name))
        return grid->axes == std::vector<std::string>{"layer", "head"}
            ? effect_unit(result.baseline).factor * half_width_of(result, name, grid->index(head.layer, head.head))
            : std::nan("");
    const auto found = result.arrays.find(name);
    return found == result.arrays.end() || found->second.shape.size() != 3
        ? std::nan("")
        : half_width_of(result, name, int(head.layer * found->second.shape[1] + head.head));
}

std::vector<RankedHead> top_heads(const std::vector<double> &values, int layers, int heads, int count, int sign)
{
    std::vector<RankedHead> ranked;
    for (int l = 0; l < layers; ++l)
        for (int h = 0; h < heads; ++h)
            if (const double value = values[size_t(l * heads + h)]; !std::isnan(value))
                ranked.push_back({{l, h}, value});
    std::stable_sort(ranked.begin(), ranked.end(),
                     [sign](const RankedHead &a, const RankedHead &b) { return sign * a.value > sign * b.value; });
    if (int(ranked.size()) > count)
        ranked.resize(size_t(count));
    return ranked;
}

} // namespace patchbay
