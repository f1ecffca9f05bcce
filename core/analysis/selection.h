// Choosing heads by numbers: criteria over named [layers, heads] quantities, and what each chosen head's numbers are.
#pragma once

#include "base/head.h"
#include "patching/run_result.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace patchbay {

/// A [layers, heads] quantity: mean over prompts of an array, a sweep's normalised effect in %, …
struct HeadQuantity {
    std::string name; ///< "direct effect", "copy score"
    std::string unit; ///< "%", "" …
    int layers = 0, heads = 0;
    std::vector<double> values; ///< NaN where unknown
    double at(Head head) const { return values[size_t(head.layer * heads + head.head)]; }
};

/// The quantity that a result holds under a name: an array of it ([layers, heads] as is, [layers, heads, prompts] as
/// the mean over prompts), or a grid ([layers, heads], effect in % of the clean–flipped gap, or in logits where that
/// vanishes). Throws Error naming what is there when it is not.
HeadQuantity quantity(const RunResult &result, const std::string &name);

/// One condition. A head meets it when low ≤ value ≤ high.
struct Criterion {
    std::string quantity; ///< key in the map given to select_heads
    double low = -1e300, high = 1e300;
};

struct Evidence {
    std::string quantity, unit;
    double value = 0;
    double low = -1e300, high = 1e300; ///< what it had to be, in the same unit
};
struct SelectedHead {
    Head head;
    std::vector<Evidence> evidence; ///< the numbers of the criteria, in their order
};

/// Heads that meet all criteria, strongest by the first one's |value|, at most `top` (0: all). Throws Error naming an
/// unknown quantity.
std::vector<SelectedHead> select_heads(const std::map<std::string, HeadQuantity> &quantities,
                                       const std::vector<Criterion> &criteria, int top = 0);

/// "copy score 98.6 % (≥ 75), direct effect −34.2 % (≤ −2)"
std::string to_string(const std::vector<Evidence> &evidence);
nlohmann::json to_json(const std::vector<SelectedHead> &heads);
/// The other way, for one head's list of evidence. Throws nlohmann::json::exception.
std::vector<Evidence> evidence_from_json(const nlohmann::json &list);

} // namespace patchbay
