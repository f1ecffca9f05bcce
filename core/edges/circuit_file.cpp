#include "edges/circuit_file.h"

#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "model/pytorch_arrays.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

namespace {

using nlohmann::json;

/// More would be no model that can be opened, but an index that runs over.
constexpr int64_t most_layers = 1000, most_heads = 1000;

EdgeGraph graph_of(const JsonField &cfg, bool mlps)
{
    const auto layers = int(cfg.at("n_layers").integer(1, most_layers)),
               heads = int(cfg.at("n_heads").integer(1, most_heads));
    const std::optional<JsonField> parallel = cfg.find("parallel_attn_mlp");
    return EdgeGraph(layers, heads, (parallel && parallel->flag()) || !mlps, mlps);
}

bool names_mlps(const JsonField &edges)
{
    bool mlps = edges.value().empty();
    for (const auto &[name, value] : edges.value().items())
        mlps = mlps || name.starts_with("m0->") || name.ends_with("->m0");
    return mlps;
}

int width_of(const JsonField &cfg)
{
    const std::optional<JsonField> width = cfg.find("d_model");
    return width ? int(width->integer(1, 1'000'000)) : 0;
}

bool in_graph(const JsonField &entry)
{
    if (entry.value().is_boolean())
        return entry.flag();
    const std::optional<JsonField> flag = entry.find("in_graph");
    return flag && flag->flag();
}

// Of the same graph as tables, as EAP-IG's to_pt writes it.
ScoredGraph read_tables(const std::filesystem::path &path)
{
    const PytorchArrays file = read_pytorch_arrays(path);
    const JsonField cfg = JsonField(file.rest, path.string()).at("cfg");
    ScoredGraph out;
    out.graph = graph_of(cfg, true);
    out.d_model = width_of(cfg);
    const EdgeGraph &graph = out.graph;
    const auto table = [&](const char *name, const std::vector<int64_t> &shape) -> const Array * {
        const auto found = file.arrays.find(name);
        if (found == file.arrays.end())
            return nullptr;
        if (found->second.shape != shape)
            throw Error(path.string(),
                        std::string(name)
                            + " does not have a number for each edge of a model with these layers and heads");
        return &found->second;
    };
    const auto number = [](const Array &array, size_t at) {
        return array.is_float() ? array.floats()[at] : float(array.ints()[at]);
    };
    const std::vector<int64_t> edges{graph.writers(), graph.readers()};
    const Array *scores = table("edges_scores", edges), *in = table("edges_in_graph", edges),
                *nodes = table("nodes_in_graph", {graph.writers()});
    if (!scores && !in)
        throw Error(path.string(), "has neither edges_scores nor edges_in_graph");
    out.scored = scores;
    out.scores.assign(graph.cells(), 0);
    out.circuit = {path.stem().string(), EdgeMask(graph.cells())};
    const auto node_in = [&](int writer) { return writer < 0 || !nodes || number(*nodes, size_t(writer)) != 0; };
    for (size_t cell = 0; cell < graph.cells(); ++cell) {
        const Edge edge = graph.edge(cell);
        if (!graph.is_edge(edge))
            continue;
        if (scores)
            out.scores[cell] = number(*scores, cell);
        out.circuit.kept[cell] =
            in && number(*in, cell) != 0 && node_in(edge.writer) && node_in(graph.node(edge.reader));
    }
    return out;
}

} // namespace

ScoredGraph read_scored_graph(const std::filesystem::path &path)
{
    if (path.extension() == ".pt" || path.extension() == ".pth")
        return read_tables(path);
    const json content = read_json_file(path);
    const JsonField file(content, path.string());
    const JsonField edges = file.at("edges");
    ScoredGraph out;
    out.graph = graph_of(file.at("cfg"), names_mlps(edges));
    out.d_model = width_of(file.at("cfg"));
    out.scores.assign(out.graph.cells(), 0);
    out.circuit = {path.stem().string(), EdgeMask(out.graph.cells())};
    std::vector<bool> left_out(size_t(out.graph.writers()));
    if (const std::optional<JsonField> nodes = file.find("nodes"))
        for (const auto &[name, node] : nodes->members()) {
            const std::optional<int> writer = out.graph.find_writer(name);
            if (!writer && name != "logits")
                node.fail("is no node of a model with these layers and heads");
            if (writer && !in_graph(node))
                left_out[size_t(*writer)] = true;
        }
    for (const auto &[name, entry] : edges.members()) {
        const std::optional<Edge> edge = out.graph.find(name);
        if (!edge)
            entry.fail("is no edge of a model with these layers and heads");
        const size_t cell = out.graph.cell(*edge);
        if (entry.value().is_object())
            if (const std::optional<JsonField> score = entry.find("score")) {
                if (!score->value().is_number())
                    score->fail("is not a number");
                out.scores[cell] = score->value().get<float>();
                out.scored = true;
            }
        const int reads = out.graph.node(edge->reader);
        out.circuit.kept[cell] =
            in_graph(entry) && !left_out[size_t(edge->writer)] && (reads < 0 || !left_out[size_t(reads)]);
    }
    return out;
}

ScoredGraph read_scored_graph(const std::filesystem::path &path, const EdgeGraph &graph)
{
    ScoredGraph out = read_scored_graph(path);
    if (out.graph == graph)
        return out;
    const auto shape = [](const EdgeGraph &g) {
        return std::to_string(g.layers()) + " layers of " + std::to_string(g.heads()) + " heads"
            + (!g.mlps()          ? " without MLPs"
                   : g.parallel() ? " beside MLPs"
                                  : " before MLPs");
    };
    throw Error(path.string(),
                "is of a model with " + shape(out.graph) + ", this one has " + shape(graph) + "; open the other model");
}

void write_scored_graph(const std::filesystem::path &path, const ScoredGraph &of)
{
    const EdgeGraph &graph = of.graph;
    const std::vector<int> kept_nodes = nodes_of(graph, of.circuit.kept);
    // By hand: an ordered object looks for each of some 100,000 names among all before it.
    nlohmann::ordered_json cfg{
        {"n_layers", graph.layers()}, {"n_heads", graph.heads()}, {"parallel_attn_mlp", graph.parallel()}};
    if (of.d_model > 0)
        cfg["d_model"] = of.d_model;
    const auto flag = [](bool in) { return std::string("\"in_graph\":") + (in ? "true" : "false"); };
    std::string text = "{\"cfg\":" + cfg.dump() + ",\"nodes\":{";
    for (int w = 0; w < graph.writers(); ++w)
        text += "\"" + graph.writer_name(w) + "\":{" + flag(std::binary_search(kept_nodes.begin(), kept_nodes.end(), w))
            + "},";
    text += "\"logits\":{" + flag(true) + "}},\"edges\":{";
    bool first = true;
    for (int w = 0; w < graph.writers(); ++w)
        for (int r = 0; r < graph.readers(); ++r) {
            if (!graph.is_edge({w, r}))
                continue;
            const size_t cell = graph.cell({w, r});
            text += (first ? "\"" : ",\"") + graph.name({w, r}) + "\":{";
            first = false;
            if (!of.scores.empty())
                text += "\"score\":" + json(of.scores[cell]).dump() + ",";
            text += flag(of.circuit.kept[cell] != 0) + "}";
        }
    write_file(path, text + "}}\n");
}

void write_edge_table(const std::filesystem::path &path, const EdgeGraph &graph, const std::vector<EdgeColumn> &columns,
                      const EdgeMask *kept)
{
    std::string text = "edge,writer,reader";
    for (const EdgeColumn &column : columns)
        text += "," + column.name;
    text += "\n";
    for (int w = 0; w < graph.writers(); ++w)
        for (int r = 0; r < graph.readers(); ++r) {
            const size_t cell = graph.cell({w, r});
            if (!graph.is_edge({w, r}) || (kept && !(*kept)[cell]))
                continue;
            text += graph.name({w, r}) + "," + graph.writer_name(w) + "," + graph.reader_name(r);
            for (const EdgeColumn &column : columns)
                text += "," + (std::isfinite(column.values[cell]) ? short_text(double(column.values[cell]), 9) : "");
            text += "\n";
        }
    write_file(path, text);
}

} // namespace patchbay
