#include "analysis/known_runs.h"

#include "analysis/analysis.h"
#include "base/error.h"
#include "base/sha256.h"
#include "io/array_files.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace fs = std::filesystem;

std::vector<RunSpec> runs_of(const RunSpec &spec)
{
    const ActPatch *patch = spec.as<ActPatch>();
    if (!patch || patch->sites.size() < 2)
        return {spec};
    std::vector<RunSpec> runs;
    for (const Site site : patch->sites) {
        runs.push_back(spec);
        runs.back().as<ActPatch>()->sites = {site};
    }
    return runs;
}

namespace {

std::string key_with(const RunSpec &spec, const nlohmann::json &files)
{
    RunSpec plain = spec;
    if (Analysis *analysis = plain.as<Analysis>())
        if (const AnalysisInfo *info = find_analysis(analysis->name); info && analysis->options.is_object()) {
            for (const Parameter &parameter : info->parameters)
                if (const auto given = analysis->options.find(parameter.name);
                    given != analysis->options.end() && *given == parameter.otherwise)
                    analysis->options.erase(given);
            if (analysis->options.empty())
                analysis->options = nullptr;
        }
    return cache_key(plain) + (files.empty() ? "" : files.dump());
}

} // namespace

std::string known_key(const RunSpec &spec)
{
    const Analysis *analysis = spec.as<Analysis>();
    return key_with(spec, analysis ? file_hashes(*analysis) : nlohmann::json::object());
}

std::string known_key(const RunResult &result)
{
    return key_with(result.spec,
                    result.summary.is_object() ? result.summary.value("files", nlohmann::json::object())
                                               : nlohmann::json::object());
}

namespace {

// One site's part of a result of several, as the run of that site alone gives it.
RunResult part_of(const RunResult &result, const RunSpec &run)
{
    RunResult part = result;
    part.spec = run;
    const std::string name = grid_name(run, run.as<ActPatch>()->sites.front());
    std::erase_if(part.grids, [&](const Grid &grid) { return grid.name != name; });
    part.flops = part.grids.empty() ? 0 : part.grids.front().flops;
    return part;
}

bool sound(const RunResult &result)
{
    for (const Grid &grid : result.grids)
        for (int cell = 0; cell < grid.cells(); ++cell)
            if (grid.state[size_t(cell)] == CellState::Exact)
                for (const float value : grid.cell(cell))
                    if (!std::isfinite(value))
                        return false;
    return true;
}

} // namespace

/// The runs of a spec, one after the other.
class KnownRuns::Steps : public RunSteps {
public:
    Steps(KnownRuns &known, const RunSpec &spec, const RunObserver &observer)
        : m_known(known), m_spec(spec), m_observer(observer), m_runs(runs_of(spec))
    {
    }

    ~Steps() override
    {
        if (m_run && !m_run->result().grids.empty())
            end(); // given up between two chunks
    }

    bool step(const CancelToken &cancel) override
    {
        if (m_at == m_runs.size())
            return false;
        const RunSpec &spec = m_runs[m_at];
        if (!m_run) {
            m_earlier = m_known.known(spec);
            if (m_earlier && m_earlier->complete)
                return take(m_earlier);
            RunObserver observer;
            observer.estimates = false; // every cell becomes exact, and nobody looks before
            observer.priority = m_observer.priority;
            observer.resume = m_earlier.get();
            observer.tell = on_progress([this](int done, int total) { progress(double(done) / std::max(1, total)); });
            m_run = m_known.m_session.begin(spec, observer, cancel);
        }
        const bool more = m_run->step(cancel);
        m_known.write(m_run->result());
        if (more)
            return true;
        const RunResultPtr result = end();
        if (result->complete)
            return take(result);
        m_at = m_runs.size(); // stopped
        if (m_parts == 0)
            m_result = *result;
        m_result.spec = m_spec;
        m_result.complete = false;
        return false;
    }

    RunResult &result() override { return m_result; }

private:
    /// What the run came to, kept for whoever asks for it next, also where it was stopped.
    RunResultPtr end()
    {
        auto result = std::make_shared<const RunResult>(std::move(m_run->result()));
        m_run.reset();
        m_known.m_flops += result->flops - (m_earlier ? m_earlier->flops : 0);
        m_known.m_cells += exact_cells(*result) - (m_earlier ? exact_cells(*m_earlier) : 0);
        m_known.keep(result);
        return result;
    }

    bool take(const RunResultPtr &part)
    {
        if (m_parts++ == 0) {
            m_result = *part;
            m_result.spec = m_spec;
        } else {
            m_result.grids.insert(m_result.grids.end(), part->grids.begin(), part->grids.end());
            m_result.arrays.insert(part->arrays.begin(), part->arrays.end());
            m_result.flops += part->flops;
            m_result.seconds += part->seconds;
        }
        ++m_at;
        progress(0);
        return m_at < m_runs.size();
    }

    void progress(double share) const
    {
        constexpr int fine = 1000;
        if (m_observer.tell)
            m_observer.tell(Progress{int((double(m_at) + share) * fine), int(m_runs.size()) * fine, {}});
    }

    KnownRuns &m_known;
    const RunSpec m_spec;
    const RunObserver m_observer;
    const std::vector<RunSpec> m_runs;
    std::unique_ptr<RunSteps> m_run;
    RunResultPtr m_earlier; ///< what was known of the run that is on its way
    RunResult m_result;
    size_t m_at = 0;
    int m_parts = 0;
};

void KnownRuns::keep_in(const fs::path &folder, std::function<void(const std::string &)> note)
{
    m_folder = folder;
    m_note = std::move(note);
}

void KnownRuns::remove_files()
{
    std::error_code ignored;
    if (!m_folder.empty())
        fs::remove_all(m_folder, ignored);
}

fs::path KnownRuns::file_of(const std::string &key) const
{
    return m_folder / (sha256_of(key.data(), key.size()).substr(0, 32) + ".safetensors");
}

std::string KnownRuns::foreign(const RunResult &result) const
{
    const Baseline &baseline = m_session.baseline(result.baseline.metric);
    if (result.version != program_version())
        return "is of version " + result.version + " of the program";
    if (result.model_sha256 != m_session.model().trust().sha256)
        return "is of another model";
    if (result.baseline.clean.size() != baseline.clean.size())
        return "is of other prompts";
    if (result.baseline.clean != baseline.clean || result.baseline.flipped != baseline.flipped)
        return "was computed on other prompts, or where products round in another way";
    if (!sound(result))
        return "holds values that are no numbers";
    return {};
}

RunResultPtr KnownRuns::known(const RunSpec &run)
{
    const std::string key = known_key(run);
    if (const auto found = m_runs.find(key); found != m_runs.end())
        return found->second;
    std::error_code ignored;
    const fs::path file = m_folder.empty() ? fs::path() : file_of(key);
    if (file.empty() || !fs::exists(file, ignored))
        return nullptr;
    std::string reason;
    try {
        auto result = std::make_shared<RunResult>(load_result(file));
        reason = known_key(*result) == key ? foreign(*result) : "is of another specification";
        if (reason.empty())
            return m_runs[key] = std::move(result);
    } catch (const Error &error) {
        reason = error.cause();
    }
    m_note(file.string() + " " + reason + "; it is computed again");
    fs::remove(file, ignored);
    return nullptr;
}

RunResultPtr KnownRuns::find(const RunSpec &spec)
{
    for (const RunSpec &run : runs_of(spec))
        if (const RunResultPtr one = known(run); !one || !one->complete)
            return nullptr;
    return std::make_shared<const RunResult>(run(spec));
}

void KnownRuns::write(const RunResult &result) const
{
    if (m_folder.empty())
        return;
    make_folder(m_folder);
    save_result(file_of(known_key(result)), result);
}

void KnownRuns::remove_files(const RunSpec &spec)
{
    std::error_code ignored;
    if (m_folder.empty())
        return;
    for (const RunSpec &run : runs_of(spec))
        fs::remove(file_of(known_key(run)), ignored);
    fs::remove(m_folder, ignored); // when it is empty
}

void KnownRuns::keep(RunResultPtr result)
{
    const std::vector<RunSpec> runs = runs_of(result->spec);
    if (runs.size() > 1) {
        for (const RunSpec &run : runs)
            m_runs[known_key(run)] = std::make_shared<const RunResult>(part_of(*result, run));
        return;
    }
    std::string key = known_key(*result);
    m_runs[std::move(key)] = std::move(result);
}

std::unique_ptr<RunSteps> KnownRuns::begin(const RunSpec &spec, const RunObserver &observer)
{
    return std::make_unique<Steps>(*this, spec, observer);
}

RunResult KnownRuns::run(const RunSpec &spec, const RunObserver &observer, const CancelToken &cancel)
{
    if (spec.is<Analysis>()) {
        if (const RunResultPtr there = known(spec)) {
            RunResult result = *there;
            result.spec = spec;
            return result;
        }
        RunResult result = run_analysis(m_session, spec, observer, cancel, this);
        if (!result.complete)
            throw Cancelled();
        write(result);
        keep(std::make_shared<const RunResult>(result));
        return result;
    }
    Steps steps(*this, spec, observer);
    while (steps.step(cancel)) {
    }
    if (!steps.result().complete)
        throw Cancelled();
    return std::move(steps.result());
}

} // namespace patchbay
