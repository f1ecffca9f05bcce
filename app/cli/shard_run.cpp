#include "shard_run.h"

#include "analysis/analysis.h"
#include "base/amounts.h"
#include "console.h"
#include "interrupt.h"
#include "io/atomic_file.h"
#include "io/folder_lock.h"
#include "shards/shard_folder.h"
#include "spec_file.h"
#include "usage_error.h"
#include "workspace.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

namespace patchbay::cli {

namespace {

namespace fs = std::filesystem;

std::optional<int> from_environment(const char *name)
{
    const char *text = std::getenv(name);
    if (!text)
        return std::nullopt;
    const std::string_view all(text);
    int value = 0;
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
    return error == std::errc() && end == all.data() + all.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

/// Runs one shard, and writes what is finished of it every so often.
class ShardRun {
public:
    ShardRun(const ShardSpec &shard, fs::path out, int save_every, Console &console)
        : m_shard(shard), m_out(std::move(out)), m_save_every(save_every), m_console(console)
    {
    }

    /// Whether there is nothing left to do; what was stopped before is taken over.
    bool finished_before()
    {
        if (!fs::exists(m_out))
            return false;
        try {
            RunResult earlier = load_shard(m_out, m_shard);
            if (earlier.complete)
                return true;
            m_earlier = std::move(earlier);
        } catch (const Error &error) {
            m_console.note(std::string(error.what()) + "; it is computed anew");
        }
        return false;
    }

    RunResult run(Session &session)
    {
        const RunSpec &spec = m_shard.plan.spec;
        OrderDigest order;
        RunObserver observer;
        observer.estimates = spec.is<Analysis>();
        observer.share = &m_shard.own().share;
        observer.resume = m_earlier ? &*m_earlier : nullptr;
        observer.planned = [&](const std::vector<PlannedCell> &chunk) { order.add(chunk); };
        observer.tell = [&](const Event &event) { take(event); };
        m_saved = std::chrono::steady_clock::now();
        RunResult result = spec.is<Analysis>() ? run_analysis(session, spec, observer, cancel_on_interrupt())
                                               : session.run(spec, observer, cancel_on_interrupt());
        m_console.end_progress();
        if (result.complete && order.hexadecimal() != m_shard.plan.order)
            throw Error(
                m_out.string(),
                "this machine takes the cells in another order than the one that made the plan (their estimates "
                "round otherwise): the shards would not fit; make the plan on a machine of this kind");
        if (!result.grids.empty())
            save_shard(m_out, m_shard, result);
        return result;
    }

private:
    void take(const Event &event)
    {
        const Progress *progress = std::get_if<Progress>(&event);
        if (progress)
            m_console.progress("shard " + std::to_string(m_shard.shard) + " of " + std::to_string(m_shard.of) + ", "
                                   + std::to_string(progress->done) + " of " + counted(progress->total, "cell") + ",",
                               progress->total > 0 ? double(progress->done) / progress->total : 1);
        if (std::holds_alternative<Done>(event)) // what it ends with is written by run()
            return;
        apply(m_so_far, event);
        const Cells *cells = std::get_if<Cells>(&event);
        m_computed = m_computed || (cells && cells->seconds >= 0);
        const auto now = std::chrono::steady_clock::now();
        if (!progress || !m_computed || now - m_saved < std::chrono::seconds(m_save_every))
            return;
        m_saved = now;
        m_computed = false;
        save_shard(m_out, m_shard, m_so_far);
    }

    const ShardSpec &m_shard;
    const fs::path m_out;
    const int m_save_every;
    Console &m_console;
    std::optional<RunResult> m_earlier;
    RunResult m_so_far;      ///< what its events have said
    bool m_computed = false; ///< cells that are not written yet
    std::chrono::steady_clock::time_point m_saved;
};

/// The shards that are to be run, as specs, with the files of their results.
std::vector<std::pair<ShardSpec, fs::path>> shards_of(const std::string &file, const ShardOptions &options,
                                                      const OutputOptions &output)
{
    std::vector<std::pair<ShardSpec, fs::path>> out;
    if (!fs::is_directory(file)) {
        ShardSpec one = read_shard(file);
        if (options.given() && options.shard != one.shard)
            throw UsageError("--shard", "this is the spec of shard " + std::to_string(one.shard));
        const fs::path beside = fs::path(file).parent_path() / shard_result_file(one.shard, one.of);
        out.emplace_back(std::move(one), output.wanted() ? fs::path(output.out) : beside);
        return out;
    }
    const int of = int(read_plan(file).shards.size());
    for (const int shard : own_shards(options.shard, of))
        out.emplace_back(read_shard(fs::path(file) / shard_spec_file(shard, of)),
                         fs::path(file) / shard_result_file(shard, of));
    if (output.wanted()) {
        if (out.size() != 1)
            throw UsageError("--out", "is for one shard: several have their places in the folder");
        out.front().second = output.out;
    }
    return out;
}

} // namespace

void ShardOptions::add(CLI::App &app)
{
    app.add_option("--shard", shard,
                   "Of the folder of a plan: this shard, from 1. Without it the task of a Slurm array, or every n-th "
                   "shard of a process that mpirun or srun has started as one of n; else all, one after the other")
        ->check(CLI::Range(1, 1 << 30));
    app.add_option("--save-every", save_every,
                   "Seconds between two times that what a shard has finished is written, for when it is killed")
        ->check(CLI::Range(0, 1 << 20))
        ->capture_default_str();
}

bool names_shards(const std::string &file)
{
    return fs::is_directory(file) ? fs::exists(fs::path(file) / plan_file) : is_shard_spec(file);
}

std::vector<int> own_shards(int named, int of)
{
    const char *whose = "--shard";
    if (const auto task = from_environment("SLURM_ARRAY_TASK_ID"); named == 0 && task) {
        named = *task;
        whose = "SLURM_ARRAY_TASK_ID";
        if (named == 0)
            throw UsageError(whose, "is 0: shards are numbered from 1 (sbatch --array=1-" + std::to_string(of) + ")");
    }
    if (named > of)
        throw UsageError(whose, "the plan has " + counted(of, "shard") + ", and no " + std::to_string(named));
    if (named > 0)
        return {named};
    constexpr std::pair<const char *, const char *> launchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                                                   {"PMI_RANK", "PMI_SIZE"},
                                                                   {"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"},
                                                                   {"SLURM_PROCID", "SLURM_NTASKS"}};
    int rank = 0, size = 1;
    for (const auto &[rank_name, size_name] : launchers)
        if (const auto own = from_environment(rank_name), all = from_environment(size_name);
            own && all && *own < *all) {
            rank = *own;
            size = *all;
            break;
        }
    std::vector<int> shards;
    for (int shard = rank + 1; shard <= of; shard += size)
        shards.push_back(shard);
    return shards;
}

int run_shards(const std::string &file, const ShardOptions &options, const std::string &model,
               const ResourceOptions &resources, const OutputOptions &output)
{
    const std::vector<std::pair<ShardSpec, fs::path>> shards = shards_of(file, options, output);
    Console console(output.json, output.quiet);
    std::optional<WorkOptions> work_options;
    std::unique_ptr<Workspace> work; // made when there is something to compute
    nlohmann::ordered_json told = nlohmann::ordered_json::array();
    for (const auto &[shard, out] : shards) {
        const std::string name = "shard " + std::to_string(shard.shard) + " of " + std::to_string(shard.of);
        const auto tell = [&, &out = out, &shard = shard](bool kept, bool complete) {
            told.push_back({{"shard", shard.shard}, {"out", out.string()}, {"kept", kept}, {"complete", complete}});
        };
        ShardRun run(shard, out, options.save_every, console);
        if (run.finished_before()) {
            console.say(name + ": finished already, " + out.string());
            tell(true, true);
            continue;
        }
        if (!work) {
            if (shard.plan.version != program_version())
                throw Error(file,
                            "is a plan of version " + shard.plan.version + ", this program is of version "
                                + program_version() + ": versions may round otherwise");
            work_options.emplace(work_of(shard.plan.spec, file, model));
            work_options->resources = resources;
            if (resources.threads == 0)
                work_options->resources.threads = shard.plan.threads;
            work_options->resources.memory_budget = std::to_string(shard.plan.memory_budget);
            work = std::make_unique<Workspace>(*work_options, console);
        }
        const RunResult result = run.run(work->session());
        tell(false, result.complete);
        if (!result.complete) {
            console.print({{"shards", told}});
            console.say(name + ": interrupted; run it again and it goes on from there");
            return 130;
        }
        console.say(name + ": " + counted(exact_cells(result), "whole cell") + ", took " + duration_text(result.seconds)
                    + ", written to " + out.string());
    }
    console.print({{"shards", told}});
    return 0;
}

} // namespace patchbay::cli
