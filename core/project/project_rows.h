// What a project holds, as values.
#pragma once

#include "patching/event.h"
#include "spec/run_spec.h"

#include <cstdint>
#include <string>
#include <vector>

namespace patchbay {

struct ProjectRun {
    int64_t id = 0;
    std::string name = {};
    RunSpec spec = {};
    std::string state = "waiting"; ///< waiting, running, done, stopped, failed
    std::string message = {};      ///< why it failed
    std::string started = {};      ///< ISO 8601
    bool pinned = false, live = false;
    int done = 0, total = 0; ///< exact cells
};

struct ProjectTask {
    TaskRef task = {};
    nlohmann::json pairs = nlohmann::json::array(); ///< pairs_to_json; empty for token ids
};

/// Heads that belong together, or edges as EAP-IG writes them.
struct ProjectCircuit {
    std::string name = {};
    std::string kind = "heads";
    std::string model = {}; ///< hash of the weights
    nlohmann::json body = nullptr;
};

struct ProjectSeries {
    std::string folder = {};
    nlohmann::json body = nullptr; ///< what is shown of it
};

/// What a note is about: kind is run (a run's id), head (L9H6), edge, circuit (its name), prompt (its index) or
/// project.
struct ProjectNote {
    std::string kind = {}, subject = {}, text = {}, changed = {};
    bool operator==(const ProjectNote &) const = default;
};

struct HistoryEntry {
    int64_t id = 0;
    std::string time = {}, sentence = {}, command = {};
    int64_t run = -1; ///< that it led to; -1: none
};

struct RunIntervals {
    HalfWidths half_widths = {};
    Stabilities stabilities = {};
};

} // namespace patchbay
