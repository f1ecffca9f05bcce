// Carrying a recipe out: filling in what earlier steps found, running, forgetting what no longer holds.
#include "analysis/recipe.h"

#include "analysis/analysis.h"
#include "base/json_field.h"
#include "base/memory.h"
#include "edges/circuit.h"

#include <chrono>

namespace patchbay {

using nlohmann::json;

RecipeRun::RecipeRun(Session &session, Recipe recipe, ModelRef model, TaskRef task)
    : m_session(session), m_recipe(std::move(recipe)), m_model(std::move(model)), m_task(std::move(task)),
      m_outcomes(m_recipe.steps.size()), m_known(session), m_hashes(m_recipe.steps.size())
{
}

void RecipeRun::keep(const RunResultPtr &result)
{
    if (m_known.foreign(*result).empty())
        m_known.keep(result);
}

namespace {

json dotted_list(const std::vector<Head> &heads)
{
    json list = json::array();
    for (const Head head : heads)
        list.push_back(dotted(head));
    return list;
}

/// Of an option of the analysis that a step runs; of others heads are taken.
Parameter::Kind kind_of(const json &spec, const std::string &option)
{
    if (const AnalysisInfo *info = find_analysis(text_or_empty(spec, "analysis")))
        for (const Parameter &parameter : info->parameters)
            if (parameter.name == option)
                return parameter.kind;
    return Parameter::Kind::Heads;
}

} // namespace

size_t RecipeRun::index_of(const std::string &id) const
{
    for (size_t i = 0; i < m_recipe.steps.size(); ++i)
        if (m_recipe.steps[i].id == id)
            return i;
    throw Error(id, "is not a step of this recipe");
}

const StepOutcome &RecipeRun::outcome_of(const std::string &id) const
{
    return m_outcomes[index_of(id)];
}

// {"from": "name-movers", "top": 3, "plus": "…"}: the heads that a selection found.
std::vector<Head> RecipeRun::heads_of(const json &reference) const
{
    const std::string id = reference.at("from").get<std::string>();
    const StepOutcome &outcome = outcome_of(id);
    if (outcome.state == StepState::Nothing)
        throw NothingToDo("step \"" + id + "\"", "found no head");
    if (outcome.state != StepState::Done)
        throw NothingToDo("step \"" + id + "\"", "has not been run");
    std::vector<Head> heads;
    const size_t top = reference.value("top", size_t(1) << 20);
    for (const SelectedHead &head : outcome.heads)
        if (heads.size() < top)
            heads.push_back(head.head);
    return heads;
}

// {"from": "by-hand"} in an option: the heads that a selection found, or of the circuit that a step ran what the option
// takes: how many edges it has, their names, or how it is made.
json RecipeRun::filled(const json &reference, Parameter::Kind kind) const
{
    if (kind == Parameter::Kind::Heads)
        return dotted_list(heads_of(reference));
    const std::string id = reference.at("from").get<std::string>();
    const StepOutcome &outcome = outcome_of(id);
    if (outcome.state != StepState::Done)
        throw NothingToDo("step \"" + id + "\"",
                          outcome.state == StepState::Nothing ? "found no circuit" : "has not been run");
    const auto found = outcome.result->arrays.find("circuit");
    if (found == outcome.result->arrays.end() || found->second.is_float())
        throw Error("step \"" + id + "\"", "ran no circuit of edges");
    const EdgeMask kept(found->second.ints().begin(), found->second.ints().end());
    if (kind == Parameter::Kind::Whole)
        return count(kept);
    if (kind != Parameter::Kind::Circuits)
        return edge_names(EdgeGraph(m_session.model().config()), kept);
    const Analysis &how = *outcome.result->spec.as<Analysis>();
    json circuit{{"name", m_recipe.steps[index_of(id)].title}};
    if (!how.heads.empty())
        circuit["heads"] = dotted_list(how.heads);
    if (!how.options.is_null())
        circuit["options"] = how.options;
    return circuit;
}

RunSpec RecipeRun::spec(size_t index) const
{
    json body = m_recipe.steps.at(index).body.at("spec");
    for (const char *end : {"senders", "receivers"}) {
        if (!body.contains(end))
            continue;
        if (body.at(end).is_string() && body.at(end) == "final_residual") {
            body[end] = json::array({{{"site", "resid_post"}, {"layers", {m_session.model().config().n_layers - 1}}}});
        } else if (body.at(end).is_array()) {
            for (json &entry : body.at(end))
                if (entry.is_object() && entry.contains("from")) {
                    // Written with one site or several: the same heads receive at each.
                    entry = {{"site", entry.at("site")}, {"heads", dotted_list(heads_of(entry))}};
                }
        }
    }
    if (body.contains("heads") && body.at("heads").is_object())
        body["heads"] = dotted_list(heads_of(body.at("heads")));
    if (body.contains("options") && body.at("options").is_object())
        for (auto &option : body.at("options").items()) {
            const Parameter::Kind kind = kind_of(body, option.key());
            const auto is_reference = [](const json &value) { return value.is_object() && value.contains("from"); };
            if (is_reference(option.value()))
                option.value() = filled(option.value(), kind);
            else if (kind == Parameter::Kind::Circuits && option.value().is_array())
                for (json &circuit : option.value())
                    if (is_reference(circuit))
                        circuit = filled(circuit, kind);
        }
    RunSpec spec = run_spec_from_json(body);
    spec.model = m_model;
    spec.task = m_task;
    return spec;
}

void RecipeRun::edit(size_t index, const json &body)
{
    json file = to_json(m_recipe);
    file.at("steps").at(index) = body;
    Recipe edited = recipe_from_json(file, m_recipe.name);
    forget(index);
    m_recipe = std::move(edited);
}

void RecipeRun::forget(size_t index)
{
    m_outcomes.at(index) = {};
    for (const size_t later : dependents(m_recipe, index))
        if (m_outcomes[later].state != StepState::Skipped)
            m_outcomes[later] = {};
}

void RecipeRun::skip(size_t index)
{
    forget(index);
    m_outcomes.at(index).state = StepState::Skipped;
    m_outcomes.at(index).message = "Skipped.";
}

std::optional<StepOutcome> RecipeRun::proceed_spec(const RunObserver &observer, const CancelToken &cancel)
{
    RunResult result;
    if (m_sweep) {
        if (m_sweep->step(cancel))
            return std::nullopt;
        result = std::move(m_sweep->result());
    } else if (const RunSpec filled = spec(m_current); filled.is<Analysis>()) {
        result = m_known.run(filled, observer, cancel);
    } else {
        m_sweep = m_known.begin(filled, observer);
        return std::nullopt;
    }
    if (!result.complete)
        throw Cancelled();
    StepOutcome outcome;
    outcome.state = StepState::Done;
    outcome.caption = describe(result.spec, result.baseline.shares_make_sense());
    if (const std::string note = mean_note(result); !note.empty())
        outcome.caption += " " + note;
    outcome.message =
        result.summary.is_object() ? result.summary.value("conclusion", title(result.spec)) : title(result.spec);
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

const StepOutcome &RecipeRun::run(size_t index, const RunObserver &observer, const CancelToken &cancel)
{
    begin(index);
    while (proceed(observer, cancel)) {
    }
    return m_outcomes[index];
}

void RecipeRun::begin(size_t index)
{
    forget(index); // what others made of it no longer holds
    m_outcomes.at(index).state = StepState::Running;
    m_hashes.at(index).clear();
    m_current = index;
    m_seconds = 0;
    m_sweep.reset();
}

bool RecipeRun::proceed(const RunObserver &observer, const CancelToken &cancel)
{
    const RecipeStep &step = m_recipe.steps.at(m_current);
    const auto start = std::chrono::steady_clock::now();
    StepOutcome &kept = m_outcomes.at(m_current);
    try {
        cancel.check();
        std::optional<StepOutcome> outcome = step.kind == StepKind::Baseline ? run_baseline(cancel)
            : step.kind == StepKind::Run                                     ? proceed_spec(observer, cancel)
            : step.kind == StepKind::Select                                  ? run_select(step)
                                                                             : run_circuit(step);
        m_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (!outcome)
            return true;
        outcome->seconds = m_seconds;
        kept = std::move(*outcome);
    } catch (const Cancelled &) {
        m_sweep.reset();
        kept = {};
        throw;
    } catch (const NothingToDo &e) {
        kept = {};
        kept.state = StepState::Nothing;
        kept.message = "Nothing to do: " + e.subject() + " " + e.cause() + ".";
    } catch (const std::exception &e) {
        kept = {};
        kept.state = StepState::Failed;
        kept.message = means_out_of_memory(e) ? not_enough_memory : e.what();
    }
    m_sweep.reset();
    if (!m_folder.empty())
        write_step(m_current);
    return false;
}

void RecipeRun::run_all(const std::function<void(size_t)> &before, const RunObserver &observer,
                        const CancelToken &cancel)
{
    for (size_t i = 0; i < m_recipe.steps.size(); ++i) {
        if (m_outcomes[i].state != StepState::Pending)
            continue;
        if (before)
            before(i);
        run(i, observer, cancel);
    }
}

} // namespace patchbay
