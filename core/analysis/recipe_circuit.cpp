// The last step of a recipe: heads, roles, evidence and edges of everything found, as one table and one graph.
#include "analysis/analysis.h"
#include "analysis/recipe.h"
#include "analysis/registry.h"
#include "base/amounts.h"
#include "base/plain_text.h"

#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace patchbay {

using nlohmann::json;

namespace {

/// Where an edge ends: an input of a head, or (no head) the logits.
struct Receiver {
    std::optional<Head> head;
    std::string site;
};

// The receivers that a path patch really had; paths to the residual stream or an MLP count as paths to the logits.
std::vector<Receiver> receivers_of(const PathPatch &path)
{
    std::vector<Receiver> receivers;
    for (const Node &node : path.receivers.nodes)
        if (node.head >= 0)
            receivers.push_back({Head{node.layer, node.head}, name(node.site)});
    if (receivers.empty())
        receivers.push_back({});
    return receivers;
}

} // namespace

RecipeRun::Measured RecipeRun::measured_behind(const std::string &id) const
{
    for (const RecipeStep &step : m_recipe.steps)
        if (step.id == id && step.kind == StepKind::Select) {
            const json &first = step.body.at("criteria").at(0);
            return {outcome_of(first.at("from").get<std::string>()).result, first.at("quantity").get<std::string>()};
        }
    return {};
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
            for (const json &one : source.result->summary.at("roles"))
                note_role(parse_head(one.at("head").get<std::string>()), one.at("role"),
                          to_string(evidence_from_json(one.at("evidence"))));
    }
    std::map<Head, std::string> writes;
    // "→ q of L9H6 and L9H9 −11.0 % (±2.1)": receivers of one run stand together, since the effect is that of all.
    const auto note_path = [&](Head head, const std::map<std::string, std::vector<Head>> &reached,
                               const Evidence &effect, double half_width) {
        std::string where;
        for (const auto &[site, heads] : reached)
            where += (where.empty() ? "" : " and ") + (heads.empty() ? "logits" : site + " of " + in_words(heads));
        if (where.empty())
            return;
        const int digits = effect.unit == "%" ? 1 : 3;
        writes[head] += (writes[head].empty() ? "→ " : "; → ") + where + (effect.value < 0 ? " −" : " +")
            + fixed_text(std::abs(effect.value), digits) + (effect.unit.empty() ? "" : " " + effect.unit)
            + (half_width > 0 ? " (±" + fixed_text(half_width, digits) + ")" : "");
    };
    std::string unit = "%";
    std::set<std::string> directions;
    for (const json &edge : step.body.value("edges", json::array())) {
        const std::string from = edge.at("from").get<std::string>();
        const Measured measured = measured_behind(from);
        const PathPatch *path = measured.result ? measured.result->spec.as<PathPatch>() : nullptr;
        if (path)
            directions.insert(in_words(path->direction));
        if (path && path->receivers.sweep)
            continue; // its heads were chosen as receivers, not as senders
        const std::vector<Receiver> receivers = path ? receivers_of(*path) : std::vector<Receiver>(1);
        for (const SelectedHead &sender : outcome_of(from).heads) {
            if (sender.evidence.empty())
                continue; // of another circuit: nothing was measured for it here
            const Evidence &effect = sender.evidence.front();
            const double half_width =
                measured.result ? half_width_of(*measured.result, measured.quantity, sender.head) : std::nan("");
            unit = effect.unit;
            if (!roles.count(sender.head))
                note_role(sender.head, "", to_string(sender.evidence));
            std::map<std::string, std::vector<Head>> reached; // by site; no head: the logits
            for (const Receiver &receiver : receivers) {
                if (receiver.head && sender.head.layer >= receiver.head->layer)
                    continue;
                std::vector<Head> &heads = reached[receiver.site];
                if (receiver.head)
                    heads.push_back(*receiver.head);
                edges.push_back({{"from", dotted(sender.head)},
                                 {"to", receiver.head ? json(dotted(*receiver.head)) : json()},
                                 {"site", receiver.site},
                                 {"effect", effect.value}});
                if (half_width > 0)
                    edges.back()["half_width"] = half_width;
            }
            note_path(sender.head, reached, effect, half_width);
        }
    }
    std::set<Head> shown; // the ends of what was measured: a role alone makes no part of a circuit
    for (const json &edge : edges)
        for (const char *end : {"from", "to"})
            if (!edge.at(end).is_null())
                shown.insert(parse_head(edge.at(end).get<std::string>()));
    json apart = json::array();
    std::string apart_words;
    for (const auto &[head, role] : roles) {
        if (shown.contains(head) || role.empty())
            continue;
        apart.push_back({{"head", dotted(head)}, {"role", role}, {"evidence", evidence[head]}});
        apart_words += (apart_words.empty() ? "" : ", ") + label(head) + " (" + role + ")";
    }
    StepOutcome outcome;
    for (const Head head : shown) {
        nodes.push_back({{"head", dotted(head)}, {"role", roles[head]}});
        outcome.heads.push_back({head, {}});
        rows.push_back(
            json::array({label(head), roles[head].empty() ? "–" : roles[head], evidence[head], writes[head]}));
    }
    outcome.state = shown.empty() ? StepState::Nothing : StepState::Done;
    outcome.message = shown.empty()
        ? "No path was found, and so no circuit."
        : counted(int64_t(shown.size()), "head") + ", " + counted(int64_t(edges.size()), "edge") + ".";
    if (!apart.empty())
        outcome.message += " With a role, but without a measured path, and so not among them: " + apart_words + ".";
    std::string how;
    for (const std::string &direction : directions)
        how += (how.empty() ? "" : " and ") + direction;
    outcome.caption =
        "Heads of the circuit, those with a measured path alone, with their roles, the numbers behind them "
        "(in brackets what they had to be), and what they write into: "
        "effect on the mean logit difference of the sender's path to that receiver ("
        + (how.empty() ? "" : how + ", ") + "z of one sender at a time), "
        + (unit == "%"        ? "in % of the clean–flipped gap"
               : unit.empty() ? "as it is"
                              : "in " + unit)
        + "; into several receivers, of all of them together; ± is half of its 95 % bootstrap interval over prompts.";
    RunResult result = table_result("circuit");
    result.summary = {{"columns", {"head", "role", "evidence", "writes into"}},
                      {"rows", rows},
                      {"nodes", nodes},
                      {"edges", edges},
                      {"unit", unit},
                      {"without_path", apart}};
    outcome.result = std::make_shared<const RunResult>(std::move(result));
    return outcome;
}

} // namespace patchbay
