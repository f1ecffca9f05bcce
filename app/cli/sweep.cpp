#include "sweep.h"

#include "base/amounts.h"
#include "interrupt.h"

#include "patching/controls.h"
#include "patching/stability.h"
#include "project_run.h"
#include "usage_error.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace patchbay::cli {

namespace {

using nlohmann::ordered_json;

int count(const Grid &grid, CellState state)
{
    return static_cast<int>(std::count(grid.state.begin(), grid.state.end(), state));
}

ordered_json number_or_null(double value)
{
    return std::isnan(value) ? ordered_json() : ordered_json(value);
}

// [cells] as nested lists in the grid's shape; a single run is one number.
ordered_json nested(const std::vector<double> &values, const std::vector<int> &shape, size_t axis, size_t &at)
{
    if (axis == shape.size())
        return number_or_null(values[at++]);
    ordered_json list = ordered_json::array();
    for (int i = 0; i < shape[axis]; ++i)
        list.push_back(nested(values, shape, axis + 1, at));
    return list;
}

std::vector<double> effects(const Grid &grid, const Baseline &baseline)
{
    std::vector<double> values;
    for (int cell = 0; cell < grid.cells(); ++cell)
        values.push_back(normalised(grid, cell, baseline));
    return values;
}

ordered_json as_json(const RunResult &result, const OutputOptions &output, const SweepOptions &sweep)
{
    ordered_json grids = ordered_json::object();
    for (const Grid &grid : result.grids) {
        size_t at = 0;
        grids[grid.name] = {{"axes", grid.axes},
                            {"shape", grid.shape},
                            {"exact", count(grid, CellState::Exact)},
                            {"estimated", count(grid, CellState::Estimated)},
                            {"missing", count(grid, CellState::Missing)},
                            {"normalised", nested(effects(grid, result.baseline), grid.shape, 0, at)}};
        if (!can_be_ranked(grid, 1))
            continue;
        const Stability stable = stability(grid, result.baseline, sweep.top);
        const auto of_cells = [&](const std::vector<double> &values) {
            at = 0;
            return nested(values, grid.shape, 0, at);
        };
        const auto ranks = [&](const std::vector<int> &values) { // none of a cell without an exact value
            std::vector<double> out(values.begin(), values.end());
            std::replace(out.begin(), out.end(), 0.0, std::nan(""));
            return of_cells(out);
        };
        grids[grid.name]["stability"] = {{"top", stable.top},
                                         {"samples", stable.samples},
                                         {"among_top", of_cells(stable.among_top)},
                                         {"best_rank", ranks(stable.best_rank)},
                                         {"worst_rank", ranks(stable.worst_rank)},
                                         {"split_half", number_or_null(stable.split_half)}};
    }
    ordered_json out = {
        {"title", title(result.spec)},
        {"spec", to_json(result.spec)},
        {"prompts", result.baseline.clean.size()},
        {"clean_mean", result.baseline.clean_mean},
        {"flipped_mean", result.baseline.flipped_mean},
        {"gap", result.baseline.gap()},
        {"effect_unit", effect_unit(result.baseline).share ? "share of the gap" : info(result.baseline.metric).unit},
        {"complete", result.complete},
        {"seconds", result.seconds},
        {"flops", result.flops},
        {"results", grids}};
    for (const Control &control : controls(result)) {
        const std::string name = std::string(control.name).substr(std::string_view("control.").size());
        out["controls"][name] = {{"effect", number_or_null(control.effect)},
                                 {"expected", control.expected ? number_or_null(*control.expected) : ordered_json()},
                                 {"ok", control.ok}};
    }
    if (const std::string note = gap_note(result.baseline); !note.empty())
        out["note"] = note;
    if (output.wanted())
        out["out"] = output.out;
    return out;
}

void as_text(const RunResult &result, const SweepOptions &sweep, Console &console)
{
    const Baseline &baseline = result.baseline;
    console.say(title(result.spec));
    console.say(counted(int64_t(baseline.clean.size()), "prompt") + ", mean " + info(baseline.metric).words + " clean "
                + number(baseline.clean_mean) + ", flipped " + number(baseline.flipped_mean));
    if (const std::string note = gap_note(baseline); !note.empty())
        console.say(note);
    const EffectUnit unit = effect_unit(baseline);
    for (const Grid &grid : result.grids) {
        const std::vector<double> values = effects(grid, baseline);
        std::vector<int> order;
        for (int cell = 0; cell < grid.cells(); ++cell)
            if (!std::isnan(values[size_t(cell)]))
                order.push_back(cell);
        std::stable_sort(order.begin(), order.end(),
                         [&](int a, int b) { return std::abs(values[size_t(a)]) > std::abs(values[size_t(b)]); });
        console.say("");
        console.say(grid.name + ": " + std::to_string(count(grid, CellState::Exact)) + " of "
                    + counted(grid.cells(), "cell") + " exact"
                    + (count(grid, CellState::Estimated) > 0
                           ? ", " + std::to_string(count(grid, CellState::Estimated)) + " estimated"
                           : ""));
        const std::optional<Stability> stable = can_be_ranked(grid, 1) && sweep.top > 0
            ? std::optional(stability(grid, baseline, sweep.top))
            : std::nullopt;
        for (size_t i = 0; i < std::min(order.size(), size_t(sweep.top)); ++i) {
            const int cell = order[i];
            const bool exact = grid.state[size_t(cell)] == CellState::Exact;
            const double width = bootstrap_half_width(grid, cell, baseline);
            std::string where = label(grid.at(cell));
            where.resize(std::max(where.size(), size_t(8)), ' ');
            console.say("  " + where + "  " + effect_text(values[size_t(cell)], unit)
                        + (!exact                  ? "  estimate"
                               : std::isnan(width) ? ""
                                                   : "  ±" + number(unit.factor * width, unit.digits))
                        + (stable && exact ? "  top " + std::to_string(stable->top) + " in "
                                   + number(100 * stable->among_top[size_t(cell)], 0) + " % of resamples, rank "
                                   + std::to_string(stable->best_rank[size_t(cell)]) + " to "
                                   + std::to_string(stable->worst_rank[size_t(cell)])
                                           : ""));
        }
        if (stable && stable->top > 0 && !std::isnan(stable->split_half))
            console.say("  Of the " + std::to_string(stable->top) + " strongest in one half of the prompts, "
                        + number(100 * stable->split_half, 0)
                        + " % are among those of the other half (mean over random halves)");
    }
    console.say("");
    if (const std::string note = controls_note(result); !note.empty() && !controls_failed(result))
        console.say(note);
    console.say("took " + duration_text(result.seconds));
}

RunResult run_one(Workspace &work, const RunSpec &spec, const SweepOptions &sweep, Console &console,
                  const RunResult *resume)
{
    RunObserver observer;
    observer.estimates = sweep.estimates;
    observer.resume = resume;
    observer.tell = on_progress([&](int done, int total) {
        console.progress(std::to_string(done) + " of " + counted(total, "cell") + ",",
                         total > 0 ? double(done) / total : 1);
    });
    std::optional<ProjectRunWriter> writer;
    if (!sweep.project.empty()) {
        writer.emplace(sweep.project, spec, console);
        observer.tell = [shown = observer.tell, recorded = writer->tell()](const Event &event) {
            recorded(event);
            shown(event);
        };
    }
    RunResult result = work.run(spec, observer);
    if (writer)
        writer->finish(result);
    if (controls_failed(result)) { // several runs may come to one result
        console.end_progress();
        console.note(title(spec) + ": " + controls_note(result));
    }
    return result;
}

void keep_end(Workspace &work, const RunSpec &spec, RunResult &result, Console &console)
{
    const ArrayMap kept = work.session().kept_ends(spec);
    if (kept.empty())
        console.note("END's final streams take more than an eighth of the memory budget: they are not kept");
    for (const auto &[name, array] : kept)
        result.arrays[name] = array;
}

} // namespace

void SweepOptions::add_metric(CLI::App &app)
{
    std::string meanings;
    std::vector<std::string> names;
    for (const MetricInfo &one : metrics()) {
        meanings += (meanings.empty() ? "" : "; ") + std::string(one.name) + ": " + one.meaning;
        names.push_back(one.name);
    }
    m_metric = app.add_option("--metric", metric, "What is measured. " + meanings)
                   ->check(CLI::IsMember(names))
                   ->capture_default_str();
}

void SweepOptions::add(CLI::App &app)
{
    add_metric(app);
    app.add_flag("--estimates", estimates, "Rank the cells by attribution patching first, and keep its estimates");
    app.add_flag(
        "--keep-end", keep_end,
        "Also write END's final stream of every patched run: of such a file another --metric needs no patching "
        "(run FILE --metric M)");
    app.add_option("--project", project,
                   "Also record the run in this project, chunk by chunk as it is computed; made where there is none")
        ->type_name("FILE.patchbay");
    app.add_option("--top", top, "Strongest cells of each grid to print")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
}

int run_specs(Workspace &work, const std::vector<RunSpec> &specs, const OutputOptions &output,
              const SweepOptions &sweep, Console &console, const RunResult *resume)
{
    if (sweep.keep_end && work.elsewhere())
        throw UsageError("--keep-end", "is not for runs at another place, which keeps what it needs itself");
    if (sweep.keep_end && specs.size() > 1)
        throw UsageError("--keep-end", "shared keys or values and others are two runs: name them one at a time");
    RunResult result;
    for (size_t i = 0; i < specs.size(); ++i) {
        RunResult part = run_one(work, specs[i], sweep, console, i == 0 ? resume : nullptr);
        if (i == 0) {
            result = std::move(part);
            continue;
        }
        for (Grid &grid : part.grids)
            result.grids.push_back(std::move(grid));
        result.seconds += part.seconds;
        result.flops += part.flops;
        result.complete = result.complete && part.complete;
    }
    console.end_progress();
    if (sweep.keep_end)
        keep_end(work, specs.front(), result, console);
    if (output.wanted())
        save_result(output.out, result);
    console.print(as_json(result, output, sweep));
    as_text(result, sweep, console);
    if (output.wanted())
        console.say("written to " + output.out);
    if (!result.complete)
        work.check_not_lost(output);
    return cancel_on_interrupt().cancelled() && !result.complete ? 130 : 0;
}

} // namespace patchbay::cli
