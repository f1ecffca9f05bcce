// The unfinished result of a run as its events arrive: what a view shows, and which cells of it are new.
#pragma once

#include "patching/event.h"

#include <chrono>
#include <optional>
#include <vector>

namespace patchbay {

/// Which cells of a result are not as they were.
struct ChangedCells {
    bool all = true;                     ///< nothing is known about it, or there was no result before
    std::vector<std::vector<int>> cells; ///< [grid], unless all
    /// These too.
    void add(int grid, const std::vector<int> &more);
    static ChangedCells none() { return {false, {}}; }
};

/// A result as it is now, and what changed since the snapshot before.
struct Snapshot {
    RunResultPtr result;
    ChangedCells changed;
};

/// Lets a piece of news through at most twenty times a second.
class Pace {
public:
    /// Whether it is time again.
    bool due();

private:
    std::optional<std::chrono::steady_clock::time_point> m_last;
};

/// Folds a run's events and hands out copies of what there is, not more often than somebody can look at.
class SnapshotFeed {
public:
    /// A snapshot, when the event is worth one: the first, or some time after the one before. None for what comes
    /// between.
    std::optional<Snapshot> hear(const Event &event);
    /// The result after Done, of which anything may be new: arrays and the summary come with the end. The feed is empty
    /// then.
    Snapshot last();

private:
    RunResult m_result;
    ChangedCells m_changed;
    Pace m_pace;
};

} // namespace patchbay
