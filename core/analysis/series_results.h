// A series as it is read back from its folder: what was computed, and the result of every step that has one.
#pragma once

#include "analysis/series.h"
#include "patching/event.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace patchbay {

/// One of the results that a step has: the only one of a spec (id ""), those of a recipe's steps.
struct SeriesPart {
    std::string id, title;
    bool operator==(const SeriesPart &) const = default;
};

struct SeriesStepResult {
    std::string name, model;
    std::optional<TaskRef> task; ///< its own; none: that of all steps
    SeriesState state = SeriesState::Pending;
    std::string reason; ///< of a gap
    std::string sha256; ///< of the file that series.json names
    /// How far training had come: the last whole number in its name; its place where not all names have one, or these
    /// do not grow.
    double number = 0;
    std::map<std::string, RunResultPtr> parts; ///< by the part's id; only where something came out
};

/// A gap between clean and flipped logit difference below which effects are not given in % of it.
inline constexpr double default_least_gap = 0.5;

struct SeriesResults {
    std::string title; ///< of what is computed at every step
    std::vector<SeriesPart> parts;
    std::vector<SeriesStepResult> steps; ///< in the order of training, or as they were named
    bool numbered = false;               ///< the steps' numbers are from their names
    bool side_by_side = false;           ///< of several tasks: the steps are no way from one to the next
    /// The largest |value| of a head at any step, of each part and unit: one colour scale for all of them.
    std::map<std::string, std::map<std::string, double>> largest;

    /// The place of a step. Throws Error naming those that there are.
    size_t named(const std::string &step) const;
    /// Null where nothing came out.
    RunResultPtr result(size_t step, const std::string &part) const;
};
/// Whether a folder holds a series.
bool is_series(const std::filesystem::path &folder);

/// Reads series.json and the results that it names; one that is missing or damaged is a gap with its reason. Results
/// that are in `known`, an earlier reading of the same folder, are not read again. Where the metric is in logits, a gap
/// smaller than least_gap counts as none (Baseline::least_gap). Throws Error naming file and cause.
SeriesResults read_series(const std::filesystem::path &folder, const SeriesResults *known = nullptr,
                          double least_gap = default_least_gap, const CancelToken &cancel = {});

/// The number that each step's name ends with; empty where one has none, or they do not grow.
std::vector<double> step_numbers(const std::vector<std::string> &names);

} // namespace patchbay
