// The graph whose edges carry what one part of the model writes to another that reads it (DEFINITIONS §1), with the
// names and indices of EAP-IG and MIB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

struct ModelConfig;

/// What writes to the residual stream: the token embedding, a head, an MLP.
struct EdgeWriter {
    enum class Kind { Input, Head, Mlp };
    Kind kind = Kind::Input;
    int layer = -1, head = -1; ///< -1: it has none
    bool operator==(const EdgeWriter &) const = default;
};

/// What reads it: a head's query, key or value (grouped keys and values: each query head's own copy), an MLP, and the
/// final stream.
struct EdgeReader {
    enum class Kind { Query, Key, Value, Mlp, Logits };
    Kind kind = Kind::Logits;
    int layer = -1, head = -1;
    bool operator==(const EdgeReader &) const = default;
};

struct Edge {
    int writer = 0, reader = 0;
    auto operator<=>(const Edge &) const = default;
};

/// Writers by their forward index, readers by their backward one. Models without MLPs have none of either kind, and the
/// indices close up.
class EdgeGraph {
public:
    EdgeGraph() = default;
    explicit EdgeGraph(const ModelConfig &config);
    EdgeGraph(int layers, int heads, bool parallel, bool mlps = true);

    int layers() const { return m_layers; }
    int heads() const { return m_heads; }
    bool parallel() const { return m_parallel; }
    bool mlps() const { return m_mlps; }

    int writers() const { return 1 + m_layers * written(); }
    int readers() const { return m_layers * read() + 1; }
    /// Writers and the logits: what the literature counts as nodes.
    int nodes() const { return writers() + 1; }
    int64_t edges() const;
    size_t cells() const { return size_t(writers()) * size_t(readers()); }

    EdgeWriter writer(int index) const;
    EdgeReader reader(int index) const;
    int index(const EdgeWriter &writer) const;
    int index(const EdgeReader &reader) const;
    /// The first of a layer's readers, which lie side by side: queries, keys, values, MLP; of layer n_layers: the
    /// logits.
    int first_reader(int layer) const { return layer * read(); }
    /// The first of what a layer writes: its heads, then its MLP.
    int first_writer(int layer) const { return 1 + layer * written(); }
    int logits() const { return readers() - 1; }

    /// A reader's edges come from the writers 0 … sources − 1.
    int sources(int reader) const;
    bool is_edge(Edge edge) const
    {
        return edge.writer >= 0 && edge.reader >= 0 && edge.reader < readers() && edge.writer < sources(edge.reader);
    }
    /// The place of an edge in tables [writers, readers].
    size_t cell(Edge edge) const { return size_t(edge.writer) * size_t(readers()) + size_t(edge.reader); }
    Edge edge(size_t cell) const { return {int(cell / size_t(readers())), int(cell % size_t(readers()))}; }
    /// The writer of the node that a reader belongs to; -1: the logits write nothing.
    int node(int reader) const;

    /// "input", "a0.h1", "m2".
    std::string writer_name(int index) const;
    /// "a3.h4<k>", "m0", "logits".
    std::string reader_name(int index) const;
    /// "a0.h1->m0".
    std::string name(Edge edge) const;
    std::vector<std::string> writer_names() const;
    std::vector<std::string> reader_names() const;
    /// The edge of a name; nothing where this graph has none of it.
    std::optional<Edge> find(std::string_view name) const;
    std::optional<int> find_writer(std::string_view name) const;
    std::optional<int> find_reader(std::string_view name) const;
    /// 1 where there is an edge, [writers, readers].
    std::vector<uint8_t> real() const;

    bool operator==(const EdgeGraph &) const = default;

private:
    int written() const { return m_heads + (m_mlps ? 1 : 0); }
    int read() const { return 3 * m_heads + (m_mlps ? 1 : 0); }
    int m_layers = 0, m_heads = 0;
    bool m_parallel = false, m_mlps = true;
};

} // namespace patchbay
