// What has been computed for a model and its prompts, by what it is: no sweep and no analysis is computed twice, and
// with a folder none is lost when the program ends early.
#pragma once

#include "patching/session.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace patchbay {

/// The runs that a spec is carried out as: activation patching of several sites is a sweep for each, since a sweep's
/// cells round as they do by themselves; everything else is one run.
std::vector<RunSpec> runs_of(const RunSpec &spec);

/// Equal for specs whose results are the same: cache_key, with parameters of analyses that have their defaults left
/// out, and with what is in the files that they name now.
std::string known_key(const RunSpec &spec);
/// Of the spec of a result, with what was in the files when it was computed.
std::string known_key(const RunResult &result);

/// Not thread-safe: it belongs to whoever the session belongs to.
class KnownRuns {
public:
    /// session must outlive it, and the runs that it begins.
    explicit KnownRuns(Session &session) : m_session(session) { }

    /// From now on finished chunks of sweeps and finished analyses lie in this folder at once, each in a file of its
    /// own, and those that lie there already are known. note is told of files that are of no use: damaged, or of
    /// another model, task or version.
    void keep_in(const std::filesystem::path &folder, std::function<void(const std::string &)> note);
    /// Removes the files of a spec's runs, or all and the folder: they lie elsewhere now. Everything stays known here.
    void remove_files(const RunSpec &spec);
    void remove_files();

    /// A result of the same numbers, with this spec in it; null: there is none that is complete.
    RunResultPtr find(const RunSpec &spec);
    /// What is known of a spec's runs is taken over, the rest is computed, in parts. Estimates are not made.
    std::unique_ptr<RunSteps> begin(const RunSpec &spec, const RunObserver &observer = {});
    /// The same at once; also for analyses. Throws Cancelled where it was stopped, Error.
    RunResult run(const RunSpec &spec, const RunObserver &observer = {}, const CancelToken &cancel = {});
    /// Takes a result over, also a stopped one, and those of its single sites. It must be of this session.
    void keep(RunResultPtr result);

    /// Whether a result can be of this session: same weights, version, prompts, and the same baselines to the last
    /// bit. Otherwise the reason.
    std::string foreign(const RunResult &result) const;

    /// Arithmetic of the sweeps, and cells, that were computed here and not known before.
    double computed_flops() const { return m_flops; }
    int computed_cells() const { return m_cells; }

private:
    class Steps;
    RunResultPtr known(const RunSpec &run); ///< complete or not
    void write(const RunResult &result) const;
    std::filesystem::path file_of(const std::string &key) const;

    Session &m_session;
    std::map<std::string, RunResultPtr> m_runs; ///< by known_key
    std::filesystem::path m_folder;
    std::function<void(const std::string &)> m_note;
    double m_flops = 0;
    int m_cells = 0;
};

} // namespace patchbay
