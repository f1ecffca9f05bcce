// Steps that need no run of their own: the baseline as a table, and the choice of heads from what was found.
#include "analysis/analysis.h"
#include "analysis/recipe.h"
#include "base/amounts.h"
#include "base/plain_text.h"

#include <cmath>

namespace patchbay {

using nlohmann::json;

namespace {

// A selection as a table that views and reports show.
json heads_table(const std::vector<SelectedHead> &heads)
{
    json columns = json::array({"head"}), rows = json::array();
    if (!heads.empty())
        for (const Evidence &one : heads.front().evidence)
            columns.push_back(one.quantity + (one.unit.empty() ? "" : " (" + one.unit + ")"));
    for (const SelectedHead &head : heads) {
        json row = json::array({label(head.head)});
        for (const Evidence &one : head.evidence) {
            row.push_back(fixed_text(one.value, one.unit == "%" ? 1 : 3));
        }
        rows.push_back(row);
    }
    return {{"columns", columns}, {"rows", rows}};
}

std::string list(const std::vector<SelectedHead> &heads)
{
    std::string text;
    for (const SelectedHead &head : heads)
        text += (text.empty() ? "" : ", ") + label(head.head);
    return text;
}

} // namespace

RunResult RecipeRun::table_result(const char *step) const
{
    RunResult result;
    result.spec.method = Analysis{step, {}, nullptr};
    result.spec.model = m_model;
    result.spec.task = m_task;
    result.baseline = m_session.baseline();
    result.model_sha256 = m_session.model().trust().sha256;
    result.version = program_version();
    result.arithmetic = m_session.arithmetic();
    result.computed_on = m_session.computed_on(true);
    result.complete = true;
    return result;
}

StepOutcome RecipeRun::run_baseline(const CancelToken &cancel)
{
    const Baseline &b = m_session.baseline(cancel);
    RunResult result = table_result("baseline");
    const auto percent = [](double share) { return fixed_text(100 * share, 1) + " %"; };
    json rows = json::array();
    for (const auto &[run, values, mean, accuracy, rank0] :
         {std::tuple{"clean", &b.clean, b.clean_mean, b.accuracy_clean, b.rank0_clean},
          std::tuple{"flipped", &b.flipped, b.flipped_mean, b.accuracy_flipped, b.rank0_flipped}}) {
        const Interval interval = bootstrap(*values);
        rows.push_back(json::array({run, fixed_text(mean, 3),
                                    "[" + fixed_text(interval.low, 3) + ", " + fixed_text(interval.high, 3) + "]",
                                    percent(accuracy), percent(rank0)}));
    }
    result.summary = {{"columns", {"run", "mean logit difference", "95 % interval", "accuracy", "rank-0 rate"}},
                      {"rows", rows}};
    StepOutcome outcome;
    outcome.state = StepState::Done;
    outcome.message = "Mean logit difference " + fixed_text(b.clean_mean, 2) + " clean, "
        + fixed_text(b.flipped_mean, 2) + " flipped, over " + counted(m_session.batch().prompts, "prompt pair") + ".";
    if (const std::string note = gap_note(b); !note.empty())
        outcome.message += " " + note;
    outcome.caption =
        "Unpatched runs. Logit difference: logit of IO minus logit of S at END; interval: 95 % bootstrap interval of "
        "its mean over prompts; accuracy: share of "
        "prompts with a positive logit difference; rank-0 rate: share whose most likely next token is IO.";
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

StepOutcome RecipeRun::run_select(const RecipeStep &step) const
{
    std::map<std::string, HeadQuantity> quantities;
    std::vector<Criterion> criteria;
    std::string rule;
    for (const json &one : step.body.at("criteria")) {
        const std::string from = one.at("from").get<std::string>(), what = one.at("quantity").get<std::string>();
        const StepOutcome &source = outcome_of(from);
        if (!source.result)
            throw NothingToDo("step \"" + from + "\"",
                              source.state == StepState::Nothing ? "found no head" : "has no result to select from");
        const std::string key = from + "/" + what;
        quantities[key] = quantity(*source.result, what);
        if (source.result->grid(what) && !source.result->baseline.shares_make_sense())
            throw NothingToDo("step \"" + from + "\"",
                              "has no effects in % of the gap to select by, because the gap vanishes");
        Criterion criterion;
        criterion.quantity = key;
        criterion.low = one.value("at_least", criterion.low);
        criterion.high = one.value("at_most", criterion.high);
        criteria.push_back(criterion);
        const std::string bound = one.contains("at_least") ? " ≥ " + short_text(criterion.low)
            : one.contains("at_most")                      ? " ≤ " + short_text(criterion.high)
                                                           : "";
        rule += (rule.empty() ? "" : ", ") + quantities[key].name + bound
            + (quantities[key].unit.empty() ? "" : " " + quantities[key].unit);
    }
    StepOutcome outcome;
    outcome.heads = select_heads(quantities, criteria, step.body.value("top", 0));
    outcome.caption = "Heads with " + rule + ".";
    RunResult result = table_result("select");
    result.summary = heads_table(outcome.heads);
    double total = 0;
    for (const SelectedHead &head : outcome.heads)
        total += head.evidence.front().value;
    if (outcome.heads.empty()) {
        outcome.state = StepState::Nothing;
        outcome.message = "No head has " + rule + ".";
    } else {
        outcome.state = StepState::Done;
        outcome.message = list(outcome.heads) + ".";
        if (outcome.heads.front().evidence.front().unit == "%") {
            outcome.message += " Total " + std::string(total < 0 ? "−" : "") + fixed_text(std::abs(total), 1) + " %.";
            result.summary["total"] = total;
        }
    }
    result.summary["heads"] = to_json(outcome.heads);
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

} // namespace patchbay
