// A project: everything of an exploration in one file, written as it happens. An SQLite database that other programs
// can read; its tables are in schema.cpp.
#pragma once

#include "base/error.h"
#include "patching/event.h"
#include "project/project_rows.h"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// Made by a later version of the program.
class NewerProject : public Error {
public:
    using Error::Error;
};

/// Another window or program writes to it.
class ProjectInUse : public Error {
public:
    using Error::Error;
};

/// Belongs to one thread at a time. Each function that writes is one transaction unless it is called within together().
/// All throw Error naming the file.
class Project {
public:
    enum class Open {
        Create,    ///< a new file; throws where there is one
        Write,     ///< an older file is brought to the newest version; throws NewerProject, ProjectInUse
        Read,      ///< as it is; throws NewerProject
        ReadNewer, ///< whatever of a newer file can be read
    };
    Project(const std::filesystem::path &path, Open how);
    ~Project();
    Project(Project &&) noexcept;
    Project &operator=(Project &&) noexcept;

    const std::filesystem::path &path() const;
    bool read_only() const;
    int schema() const;

    // What is in it. -----------------------------------------------------------------------------------------------
    /// Newest first, without their numbers. Rows that cannot be read are left out, and said in problems.
    std::vector<ProjectRun> runs(std::vector<std::string> *problems = nullptr) const;
    /// The numbers of a run as far as they came; nothing where it had not begun.
    std::optional<RunResult> result(int64_t run) const;
    /// What was found about a finished run after it; empty where nothing was.
    RunIntervals intervals(int64_t run) const;
    std::string thumbnail(int64_t run) const; ///< PNG; empty: none
    std::vector<ModelRef> models() const;
    std::vector<ProjectTask> tasks() const;
    std::vector<ProjectCircuit> circuits() const;
    std::vector<ProjectSeries> series() const;
    /// Bytes under a name: layout, view options, what is on view; nothing where there are none.
    std::optional<std::string> state(const std::string &name) const;
    std::map<std::string, std::string> states() const; ///< all of them
    std::vector<ProjectNote> notes() const;
    /// Oldest first.
    std::vector<HistoryEntry> history() const;
    /// What SQLite finds wrong with the file, and what does not fit together; empty: nothing.
    std::vector<std::string> check() const;

    // What happens. ------------------------------------------------------------------------------------------------
    /// All that work writes, in one transaction.
    void together(const std::function<void()> &work);
    /// A new run, or an earlier one's name, state and the like. Its numbers stay.
    void put(const ProjectRun &run);
    /// Started, Cells and Done of a run; others change nothing. A run that goes on keeps the cells that it had.
    void hear(int64_t run, const Event &event);
    /// A whole result, in the place of whatever the run had.
    void put_result(int64_t run, const RunResult &result);
    void put_intervals(int64_t run, const RunIntervals &intervals);
    void put_thumbnail(int64_t run, const std::string &png);
    void remove_run(int64_t run);
    void put(const ModelRef &model);
    void put(const ProjectTask &task);
    void put(const ProjectCircuit &circuit);
    void remove(const ProjectCircuit &circuit); ///< that of its name, kind and model
    void put(const ProjectSeries &series);
    void put_state(const std::string &name, const std::string &value);
    /// An empty text takes it away.
    void put(const ProjectNote &note);
    void add(const HistoryEntry &entry);

    /// A copy in another file, which must not be there; this one stays as it is.
    void copy_to(const std::filesystem::path &path) const;

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

/// Takes what can be read of a damaged project over into a new file. What was lost, for people.
std::vector<std::string> recover_project(const std::filesystem::path &damaged, const std::filesystem::path &into);

/// A folder with a result file (safetensors) of every run that has numbers and project.json, which holds all else and
/// names them. The folder must be empty or not there.
void export_project(const Project &project, const std::filesystem::path &folder);

/// Whether a path is named as a project is.
bool is_project(const std::filesystem::path &path);
inline constexpr const char *project_suffix = ".patchbay";

} // namespace patchbay
