#include "edge_numbers.h"

#include "amounts_text.h"
#include "analysis/registry.h"
#include "base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

namespace {

std::string option(const Analysis &analysis, const char *name, const char *usual)
{
    return parameter_text(analysis, name, usual);
}

} // namespace

std::optional<EdgeChoice> edgeChoiceOf(const RunSpec &spec)
{
    const Analysis *analysis = spec.as<Analysis>();
    if (!analysis || (analysis->name != "edges" && analysis->name != "circuit"))
        return std::nullopt;
    try {
        EdgeChoice choice;
        const bool edges = analysis->name == "edges";
        std::string method = option(*analysis, edges ? "method" : "by", "eap-ig");
        if (method == "exact")
            method = option(*analysis, "rank_by", "eap-ig");
        choice.method = parse_edge_method(method);
        choice.direction = parse_direction(option(*analysis, "direction", "noise"));
        choice.replacement = parse_edge_replacement(option(*analysis, "ablate", "patching"));
        choice.metric = spec.metric;
        return choice;
    } catch (const Error &) {
        return std::nullopt; // a result file that another version has written
    }
}

RunSpec edgesSpec(const EdgeChoice &choice, const std::string &exact)
{
    nlohmann::json options = nlohmann::json::object();
    if (!exact.empty())
        options = {{"method", "exact"}, {"edges", exact}};
    else if (choice.method != EdgeMethod::EapIg)
        options["method"] = name(choice.method);
    if (choice.direction != Direction::Noise)
        options["direction"] = name(choice.direction);
    if (choice.replacement != EdgeReplacement::Patching)
        options["ablate"] = name(choice.replacement);
    RunSpec spec = spec_of(Analysis{"edges", {}, options.empty() ? nlohmann::json() : options});
    spec.metric = choice.metric;
    return spec;
}

int64_t EdgeNumbers::exactCount() const
{
    return std::count_if(exact.begin(), exact.end(), [](float value) { return !std::isnan(value); });
}

QString EdgeNumbers::estimateName() const
{
    return QString::fromStdString(title(choice.method));
}

bool hasEdges(const RunResult &result)
{
    return result.arrays.contains(real_edges_array) && result.summary.is_object() && result.summary.contains("forward");
}

EdgeGraph graphOf(const RunResult &result)
{
    if (!hasEdges(result))
        throw Error("result", "it has no graph of edges");
    int layers = 0, heads = 0;
    bool mlps = false;
    for (const nlohmann::json &one : result.summary.at("forward")) {
        const std::string writer = one.get<std::string>();
        mlps = mlps || writer.starts_with('m');
        if (writer.starts_with('a')) {
            layers = std::max(layers, std::stoi(writer.substr(1)) + 1);
            heads += writer.starts_with("a0.");
        }
    }
    const EdgeGraph serial(layers, heads, false, mlps);
    const Array &real = result.arrays.at(real_edges_array);
    const size_t cells = serial.cells();
    if (layers == 0 || heads == 0 || real.is_float() || real.ints().size() != cells)
        throw Error(real_edges_array, "it does not fit the names of writers and readers");
    if (!mlps)
        return serial;
    const auto edge = serial.find("a0.h0->m0");
    return EdgeGraph(layers, heads, edge && real.ints()[serial.cell(*edge)] == 0, true);
}

std::optional<EdgeNumbers> edgeNumbers(const RunResult &result)
{
    const std::string scores = estimates_array(result);
    const std::optional<EdgeChoice> choice = edgeChoiceOf(result.spec);
    if (!hasEdges(result) || !choice || (scores.empty() && !result.grid(edge_grid)))
        return std::nullopt;
    EdgeNumbers numbers;
    try {
        numbers.graph = graphOf(result);
    } catch (const std::exception &) {
        return std::nullopt;
    }
    numbers.choice = *choice;
    if (const Analysis *analysis = result.spec.as<Analysis>())
        numbers.steps = int(std::strtol(option(*analysis, "steps", "5").c_str(), nullptr, 10));
    if (!scores.empty() && result.arrays.at(scores).floats().size() == numbers.graph.cells()) {
        numbers.estimates = result.arrays.at(scores).floats();
        try {
            numbers.choice.method = parse_edge_method(scores.substr(scores.find('.') + 1));
        } catch (const Error &) {
            return std::nullopt;
        }
    }
    numbers.exact.assign(numbers.graph.cells(), std::numeric_limits<float>::quiet_NaN());
    numbers.scale = result.baseline.scale();
    numbers.unit = effect_unit(result.baseline);
    numbers.keeping = keeping_order(result.baseline, numbers.choice.direction);
    addExact(numbers, result);
    return numbers;
}

void addExact(EdgeNumbers &numbers, const RunResult &result)
{
    const std::vector<float> changes = exact_changes(result, numbers.graph);
    for (size_t cell = 0; cell < changes.size(); ++cell)
        if (!std::isnan(changes[cell]))
            numbers.exact[cell] = changes[cell];
}

std::optional<EdgeMask> circuitMask(const RunResult &result)
{
    const auto found = result.arrays.find("circuit");
    if (found == result.arrays.end() || found->second.is_float() || found->second.shape.size() != 2)
        return std::nullopt;
    const std::vector<int64_t> &kept = found->second.ints();
    return EdgeMask(kept.begin(), kept.end());
}

QString sizeText(const EdgeGraph &graph, const EdgeMask &kept)
{
    return countedText(qsizetype(count(kept)), "edge") + QStringLiteral(", ")
        + countedText(qsizetype(nodes_of(graph, kept).size()), "node");
}

} // namespace patchbay
