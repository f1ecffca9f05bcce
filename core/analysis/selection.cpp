#include "analysis/selection.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "nouns/quantity.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

HeadQuantity quantity(const RunResult &result, const std::string &name)
{
    HeadQuantity out;
    const Quantity known = quantity_named(name);
    out.name = known.known() ? known.words : name;
    out.unit = known.unit == "%" ? known.unit : "";
    // Other arrays have axes of their own: prompts, tokens, candidates, or what is added up.
    const bool a_number_a_head = !known.known() || known.draw == Quantity::Draw::Heads;
    if (const auto found = result.arrays.find(name); found != result.arrays.end() && a_number_a_head
        && found->second.is_float() && found->second.shape.size() >= 2) {
        const Array &array = found->second;
        out.layers = int(array.shape[0]);
        out.heads = int(array.shape[1]);
        const size_t prompts = array.shape.size() > 2 ? size_t(array.shape[2]) : 1;
        for (size_t cell = 0; cell < size_t(out.layers) * size_t(out.heads); ++cell) {
            double sum = 0;
            for (size_t p = 0; p < prompts; ++p)
                sum += array.floats()[cell * prompts + p];
            out.values.push_back(sum / double(prompts));
        }
        return out;
    }
    if (const Grid *grid = result.grid(name)) {
        if (grid->axes != std::vector<std::string>{"layer", "head"}) {
            std::string axes;
            for (const std::string &axis : grid->axes)
                axes += (axes.empty() ? "" : " × ") + axis;
            throw Error(name,
                        "has " + (axes.empty() ? std::string("one cell") : "a cell for each " + axes)
                            + ": heads are chosen by what each layer × head has");
        }
        out.layers = grid->shape[0];
        out.heads = grid->shape[1];
        const EffectUnit unit = effect_unit(result.baseline);
        out.unit = unit.symbol; // whatever took the activation's place
        for (int cell = 0; cell < grid->cells(); ++cell)
            out.values.push_back(unit.factor * normalised(*grid, cell, result.baseline));
        return out;
    }
    std::string there;
    for (const Grid &grid : result.grids)
        there += (there.empty() ? "" : ", ") + grid.name;
    for (const auto &[array, values] : result.arrays)
        there += (there.empty() ? "" : ", ") + array;
    throw Error(name, "is not a layer × head quantity of this result, which has " + there);
}

std::vector<SelectedHead> select_heads(const std::map<std::string, HeadQuantity> &quantities,
                                       const std::vector<Criterion> &criteria, int top)
{
    std::vector<SelectedHead> chosen;
    if (criteria.empty())
        return chosen;
    for (const Criterion &criterion : criteria)
        if (!quantities.count(criterion.quantity))
            throw Error(criterion.quantity, "no result holds this quantity");
    const HeadQuantity &first = quantities.at(criteria.front().quantity);
    for (int l = 0; l < first.layers; ++l)
        for (int h = 0; h < first.heads; ++h) {
            SelectedHead head{{l, h}, {}};
            bool meets = true;
            for (const Criterion &criterion : criteria) {
                const HeadQuantity &q = quantities.at(criterion.quantity);
                const double value = l < q.layers && h < q.heads ? q.at(head.head) : std::nan("");
                meets = meets && value >= criterion.low && value <= criterion.high;
                head.evidence.push_back({q.name, q.unit, value, criterion.low, criterion.high});
            }
            if (meets)
                chosen.push_back(std::move(head));
        }
    std::stable_sort(chosen.begin(), chosen.end(), [](const SelectedHead &a, const SelectedHead &b) {
        return std::abs(a.evidence.front().value) > std::abs(b.evidence.front().value);
    });
    if (top > 0 && int(chosen.size()) > top)
        chosen.resize(size_t(top));
    return chosen;
}

namespace {

constexpr double no_bound = 1e299; // beyond this either way there is none

std::string bounds_text(const Evidence &one)
{
    const auto number = [](double value) { return (value < 0 ? "−" : "") + short_text(std::abs(value)); };
    std::string text;
    if (one.low > -no_bound)
        text = "≥ " + number(one.low);
    if (one.high < no_bound)
        text += (text.empty() ? "≤ " : " and ≤ ") + number(one.high);
    return text.empty() ? text : " (" + text + ")";
}

} // namespace

std::string to_string(const std::vector<Evidence> &evidence)
{
    std::string text;
    for (const Evidence &one : evidence) {
        const std::string number = fixed_text(std::abs(one.value), one.unit == "%" ? 1 : 3);
        text += (text.empty() ? "" : ", ") + one.quantity + " " + (one.value < 0 ? "−" : "") + number
            + (one.unit.empty() ? "" : " " + one.unit) + bounds_text(one);
    }
    return text;
}

std::vector<Evidence> evidence_from_json(const nlohmann::json &list)
{
    std::vector<Evidence> evidence;
    for (const nlohmann::json &one : list) {
        Evidence read{one.at("quantity").get<std::string>(), one.at("unit").get<std::string>(),
                      one.at("value").get<double>()};
        read.low = one.value("at_least", read.low);
        read.high = one.value("at_most", read.high);
        evidence.push_back(std::move(read));
    }
    return evidence;
}

nlohmann::json to_json(const std::vector<SelectedHead> &heads)
{
    nlohmann::json out = nlohmann::json::array();
    for (const SelectedHead &head : heads) {
        nlohmann::json evidence = nlohmann::json::array();
        for (const Evidence &one : head.evidence) {
            evidence.push_back({{"quantity", one.quantity}, {"value", one.value}, {"unit", one.unit}});
            if (one.low > -no_bound)
                evidence.back()["at_least"] = one.low;
            if (one.high < no_bound)
                evidence.back()["at_most"] = one.high;
        }
        out.push_back({{"head", dotted(head.head)}, {"evidence", evidence}});
    }
    return out;
}

} // namespace patchbay
