// All that a project holds, read in one go: what a window shows of it.
#pragma once

#include "project/project.h"

#include <map>

namespace patchbay {

struct ProjectContents {
    std::vector<ProjectRun> runs;            ///< newest first
    std::map<int64_t, RunResultPtr> results; ///< by run; of those that had begun
    std::map<int64_t, RunIntervals> intervals;
    std::vector<ModelRef> models;
    std::vector<ProjectTask> tasks;
    std::vector<ProjectCircuit> circuits;
    std::map<std::string, std::string> states;
    std::vector<ProjectNote> notes;
    std::vector<HistoryEntry> history;
    std::vector<std::string> problems; ///< what could not be read, for people
};

/// What cannot be read is left out and said. Throws Error where nothing can be read.
ProjectContents contents_of(const Project &project);

} // namespace patchbay
