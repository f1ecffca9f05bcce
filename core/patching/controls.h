// Controls: cells of a run whose values are known beforehand. Every run computes them by the machinery of its cells,
// and whoever shows the run says when one is not what it must be.
#pragma once

#include "patching/run_result.h"

#include <optional>
#include <string>
#include <vector>

namespace patchbay {

/// Arrays of a result, of the metric in each control's run. The first two have a row for each part of the machinery
/// that the run's sites go through, [parts, prompts]; NaN for prompts of which nothing is known beforehand.
/// The base run patched with its own values: nothing may change.
inline constexpr const char *control_own = "control.own";
/// Everything patched: the source run's value.
inline constexpr const char *control_everything = "control.everything";
/// Every head's output at END taken from the source run of another prompt, drawn at random [prompts]: how much comes of
/// what has nothing to do with the prompt. Nothing is known of it beforehand.
inline constexpr const char *control_donor = "control.donor";

struct Control {
    const char *name = "";          ///< of its array
    const char *words = "";         ///< "own values", "everything", "a random donor"
    std::optional<double> expected; ///< effect as normalised() gives it; none: not known beforehand
    double effect = 0;              ///< of the part that is farthest from it
    double off = 0;                 ///< how far its values are from what they must be, as a share of the metric's size
    bool ok = true;
};

/// Those that a run has. None: it was stopped before them, is an analysis, or of an earlier version.
std::vector<Control> controls(const RunResult &result);
/// Whether one of them is not what it must be.
bool controls_failed(const RunResult &result);
/// For captions, tables and read-outs: "Controls: own values 0.0 %, everything 100.0 %, a random donor +48.2 %."; where
/// one fails, "CONTROL FAILED: own values +12.3 % (must be 0.0 %) …". Empty where there are none.
std::string controls_note(const RunResult &result);

} // namespace patchbay
