// Carrying a recipe out: filling in what earlier steps found, running, selecting.
#include "analysis/recipe.h"

#include "analysis/analysis.h"
#include "analysis/roles.h"
#include "base/error.h"

#include <chrono>
#include <set>

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
            char number[32];
            std::snprintf(number, sizeof number, one.unit == "%" ? "%.1f" : "%.3f", one.value);
            row.push_back(number);
        }
        rows.push_back(row);
    }
    return {{"columns", columns}, {"rows", rows}};
}

// What an analysis measured, for the figure's caption.
std::string analysis_caption(const RunSpec &spec)
{
    static const std::map<std::string, std::string> captions{
        {"copy-scores", "Copy scores: for each head, the share of names (IO, S1, S2 of every clean prompt) among the five largest logits of ±(x W_V + b_V) W_O W_U + b_U, x the "
                        "residual stream after block 0 at that name."},
        {"attention", "Attention from END to IO, S1 and S2 in the clean run, mean over prompts."},
        {"attention-patterns", "Attention in the clean run on one prompt; rows are destinations, columns sources."},
        {"attention-vs-contribution", "One point a prompt, clean run: attention from END to the name (S: S1 and S2 together), and the head's output at END, divided by the final "
                                      "norm's scale, dotted with that name's unembedding."},
        {"s2i", "S-inhibition test on the clean run: each candidate's z at END takes its flipped value along the direct path into the name movers' queries at END. Attention "
                "END→S2 of the candidate; change of the mean logit difference; change of the name movers' attention from END to S1 and IO."},
        {"ablate", "The named heads' z is replaced at all positions of the clean run (zero, or as the mode says): mean logit difference before and after, and the other heads "
                   "whose direct logit attribution grows most."},
        {"detectors", "Three rows of 15 random tokens, each repeated once: mean attention to the previous token, to the token's first occurrence, and to the token after that."},
        {"roles", "Roles of heads. Every label needs all of its marks; the numbers are those that earned it. Effects in % of the clean–flipped gap (noising: negative is helpful)."},
        {"dla", "Direct logit attribution in the clean run: each head's output at END, divided by the final norm's scale there, dotted with W_U[IO] − W_U[S]."},
        {"logit-lens", "Logit lens of the clean run: the residual stream after each layer through the final norm and unembedding, logit of IO minus logit of S at END."},
    };
    const auto found = captions.find(spec.analysis);
    return found == captions.end() ? describe(spec) : found->second;
}

std::string list(const std::vector<SelectedHead> &heads)
{
    std::string text;
    for (const SelectedHead &head : heads)
        text += (text.empty() ? "" : ", ") + label(head.head);
    return text;
}

} // namespace

RecipeRun::RecipeRun(Session &session, Recipe recipe, ModelRef model, TaskRef task)
    : m_session(session), m_recipe(std::move(recipe)), m_model(std::move(model)), m_task(std::move(task)), m_outcomes(m_recipe.steps.size())
{
}

const StepOutcome &RecipeRun::outcome_of(const std::string &id) const
{
    for (size_t i = 0; i < m_recipe.steps.size(); ++i)
        if (m_recipe.steps[i].id == id)
            return m_outcomes[i];
    throw Error(id, "is not a step of this recipe");
}

// {"from": "name-movers", "top": 3, "plus": "…"}: the heads that a selection found.
std::vector<Head> RecipeRun::heads_of(const json &reference) const
{
    const std::string id = reference.at("from").get<std::string>();
    const StepOutcome &outcome = outcome_of(id);
    if (outcome.state == StepState::Nothing)
        throw Error(id, "found no head");
    if (outcome.state != StepState::Done)
        throw Error(id, "has not been run");
    std::vector<Head> heads;
    const size_t top = reference.value("top", size_t(1) << 20);
    for (const SelectedHead &head : outcome.heads)
        if (heads.size() < top)
            heads.push_back(head.head);
    return heads;
}

RunSpec RecipeRun::spec(size_t index) const
{
    json body = m_recipe.steps.at(index).body.at("spec");
    const auto dotted_list = [](const std::vector<Head> &heads) {
        json list = json::array();
        for (const Head head : heads)
            list.push_back(dotted(head));
        return list;
    };
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
        for (auto &option : body.at("options").items())
            if (option.value().is_object() && option.value().contains("from"))
                option.value() = dotted_list(heads_of(option.value()));
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

RunResult RecipeRun::empty_result() const
{
    RunResult result;
    result.spec.method = Method::Analysis;
    result.spec.model = m_model;
    result.spec.task = m_task;
    result.baseline = m_session.baseline();
    result.model_sha256 = m_session.model().trust().sha256;
    result.version = program_version();
    result.complete = true;
    return result;
}

StepOutcome RecipeRun::run_baseline(const CancelToken &cancel)
{
    const Baseline &b = m_session.baseline(cancel);
    RunResult result = empty_result();
    result.spec.analysis = "baseline";
    const auto number = [](double value, const char *format) {
        char text[64];
        std::snprintf(text, sizeof text, format, value);
        return std::string(text);
    };
    json rows = json::array();
    for (const auto &[run, values, mean, accuracy, rank0] :
         {std::tuple{"clean", &b.clean, b.clean_mean, b.accuracy_clean, b.rank0_clean}, std::tuple{"flipped", &b.flipped, b.flipped_mean, b.accuracy_flipped, b.rank0_flipped}}) {
        const Interval interval = bootstrap(*values);
        rows.push_back(json::array({run, number(mean, "%.3f"), "[" + number(interval.low, "%.3f") + ", " + number(interval.high, "%.3f") + "]",
                                    number(100 * accuracy, "%.1f %%"), number(100 * rank0, "%.1f %%")}));
    }
    result.summary = {{"columns", {"run", "mean logit difference", "95 % interval", "accuracy", "rank-0 rate"}}, {"rows", rows}};
    StepOutcome outcome;
    outcome.state = StepState::Done;
    outcome.message = "Mean logit difference " + number(b.clean_mean, "%.2f") + " clean, " + number(b.flipped_mean, "%.2f") + " flipped, over "
                      + std::to_string(m_session.batch().prompts) + " prompt pairs.";
    outcome.caption = "Unpatched runs. Logit difference: logit of IO minus logit of S at END.";
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

StepOutcome RecipeRun::run_spec(size_t index, const RunObserver &observer, const CancelToken &cancel)
{
    const RunSpec filled = spec(index);
    StepOutcome outcome;
    RunResult result = filled.method == Method::Analysis ? run_analysis(m_session, filled, observer, cancel) : m_session.run(filled, observer, cancel);
    if (!result.complete)
        throw Cancelled();
    outcome.state = StepState::Done;
    outcome.caption = filled.method == Method::Analysis ? analysis_caption(filled) : describe(filled);
    outcome.message = title(filled);
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
            throw Error(from, source.state == StepState::Nothing ? "found no head" : "has no result to select from");
        const std::string key = from + "/" + what;
        quantities[key] = quantity(*source.result, what);
        Criterion criterion;
        criterion.quantity = key;
        criterion.low = one.value("at_least", criterion.low);
        criterion.high = one.value("at_most", criterion.high);
        criteria.push_back(criterion);
        char bound[64] = "";
        if (one.contains("at_least"))
            std::snprintf(bound, sizeof bound, " ≥ %g", criterion.low);
        else if (one.contains("at_most"))
            std::snprintf(bound, sizeof bound, " ≤ %g", criterion.high);
        rule += (rule.empty() ? "" : ", ") + quantities[key].name + bound + (quantities[key].unit.empty() ? "" : " " + quantities[key].unit);
    }
    StepOutcome outcome;
    outcome.heads = select_heads(quantities, criteria, step.body.value("top", 0));
    outcome.caption = "Heads with " + rule + ".";
    RunResult result = empty_result();
    result.spec.analysis = "select";
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
            char text[64];
            std::snprintf(text, sizeof text, " Total %s%.1f %%.", total < 0 ? "−" : "", std::abs(total));
            outcome.message += text;
            result.summary["total"] = total;
        }
    }
    result.summary["heads"] = to_json(outcome.heads);
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

// Nodes: heads with their roles; edges: the senders found for receivers, and direct effects on the logits.
StepOutcome RecipeRun::run_circuit(const RecipeStep &step) const
{
    json nodes = json::array(), edges = json::array(), rows = json::array();
    std::map<Head, std::string> roles, evidence;
    const auto note_role = [&](Head head, const std::string &role, const std::string &numbers) {
        roles[head] += (roles[head].empty() ? "" : ", ") + role;
        evidence[head] += (evidence[head].empty() ? "" : "; ") + numbers;
    };
    if (step.body.contains("roles")) {
        const StepOutcome &source = outcome_of(step.body.at("roles").at("from").get<std::string>());
        if (source.result && source.result->summary.contains("roles"))
            for (const json &one : source.result->summary.at("roles")) {
                std::vector<Evidence> numbers;
                for (const json &e : one.at("evidence"))
                    numbers.push_back({e.at("quantity"), e.at("unit"), e.at("value")});
                note_role(parse_head(one.at("head").get<std::string>()), one.at("role"), to_string(numbers));
            }
    }
    for (const json &edge : step.body.value("edges", json::array())) {
        const StepOutcome &senders = outcome_of(edge.at("from").get<std::string>());
        const std::string site = edge.value("site", std::string());
        std::vector<Head> receivers;
        if (edge.contains("into")) {
            const StepOutcome &into = outcome_of(edge.at("into").at("from").get<std::string>());
            for (const SelectedHead &head : into.heads)
                receivers.push_back(head.head);
        }
        for (const SelectedHead &sender : senders.heads) {
            const double effect = sender.evidence.front().value;
            if (!roles.count(sender.head))
                note_role(sender.head, "", to_string(sender.evidence));
            if (!edge.contains("into"))
                edges.push_back({{"from", dotted(sender.head)}, {"to", nullptr}, {"site", ""}, {"effect", effect}});
            for (const Head receiver : receivers)
                if (sender.head.layer < receiver.layer)
                    edges.push_back({{"from", dotted(sender.head)}, {"to", dotted(receiver)}, {"site", site}, {"effect", effect}});
        }
    }
    std::set<Head> shown;
    for (const auto &[head, role] : roles)
        shown.insert(head);
    for (const json &edge : edges)
        for (const char *end : {"from", "to"})
            if (!edge.at(end).is_null())
                shown.insert(parse_head(edge.at(end).get<std::string>()));
    for (const Head head : shown) {
        nodes.push_back({{"head", dotted(head)}, {"role", roles[head]}});
        std::string out;
        for (const json &edge : edges)
            if (edge.at("from") == dotted(head)) {
                char effect[32];
                std::snprintf(effect, sizeof effect, " %s%.1f %%", edge.at("effect").get<double>() < 0 ? "−" : "+", std::abs(edge.at("effect").get<double>()));
                out += (out.empty() ? "" : "; ") + std::string("→ ")
                       + (edge.at("to").is_null() ? "logits" : label(parse_head(edge.at("to").get<std::string>())) + " " + edge.at("site").get<std::string>()) + effect;
            }
        rows.push_back(json::array({label(head), roles[head].empty() ? "–" : roles[head], evidence[head], out}));
    }
    StepOutcome outcome;
    outcome.state = shown.empty() ? StepState::Nothing : StepState::Done;
    outcome.message = shown.empty() ? "No head earned a role and no path was found."
                                    : std::to_string(shown.size()) + " heads, " + std::to_string(edges.size()) + " edges.";
    outcome.caption = "Heads of the circuit with their roles, the numbers behind them, and what they write into: effect of the sender's path in % of the clean–flipped gap; into several receivers, of all of them together.";
    RunResult result = empty_result();
    result.spec.analysis = "circuit";
    result.summary = {{"columns", {"head", "role", "evidence", "writes into"}}, {"rows", rows}, {"nodes", nodes}, {"edges", edges}};
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

const StepOutcome &RecipeRun::run(size_t index, const RunObserver &observer, const CancelToken &cancel)
{
    const RecipeStep &step = m_recipe.steps.at(index);
    const auto start = std::chrono::steady_clock::now();
    forget(index); // what others made of it no longer holds
    StepOutcome &kept = m_outcomes.at(index);
    kept.state = StepState::Running;
    try {
        cancel.check();
        StepOutcome outcome = step.kind == StepKind::Baseline ? run_baseline(cancel)
                              : step.kind == StepKind::Run    ? run_spec(index, observer, cancel)
                              : step.kind == StepKind::Select ? run_select(step)
                                                              : run_circuit(step);
        outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        kept = std::move(outcome);
    } catch (const Cancelled &) {
        kept = {};
        throw;
    } catch (const Error &e) {
        kept = {};
        // A step that rests on one that found nothing has nothing to do; that is no failure.
        const bool nothing = e.cause() == "found no head" || e.cause() == "has not been run" || e.cause() == "has no result to select from";
        kept.state = nothing ? StepState::Nothing : StepState::Failed;
        kept.message = nothing ? "Nothing to do: step \"" + e.subject() + "\" " + e.cause() + "." : e.what();
    } catch (const std::exception &e) {
        kept = {};
        kept.state = StepState::Failed;
        kept.message = e.what();
    }
    return kept;
}

void RecipeRun::run_all(const std::function<void(size_t)> &before, const RunObserver &observer, const CancelToken &cancel)
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
