#include "edges/graph.h"

#include "model/config.h"

#include <charconv>

namespace patchbay {

namespace {

/// Takes the text away from the front; false where it does not begin so.
bool take(std::string_view &text, std::string_view front)
{
    if (!text.starts_with(front))
        return false;
    text.remove_prefix(front.size());
    return true;
}

/// A number without sign or leading zeros from the front; below limit.
std::optional<int> take_number(std::string_view &text, int limit)
{
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const size_t length = size_t(end - text.data());
    if (error != std::errc() || length == 0 || value < 0 || value >= limit || (text[0] == '0' && length > 1)
        || text[0] == '-')
        return std::nullopt;
    text.remove_prefix(length);
    return value;
}

constexpr char letters[] = {'q', 'k', 'v'};

} // namespace

EdgeGraph::EdgeGraph(const ModelConfig &c) : EdgeGraph(c.n_layers, c.n_heads, c.parallel, c.has_mlp()) { }

EdgeGraph::EdgeGraph(int layers, int heads, bool parallel, bool mlps)
    : m_layers(layers), m_heads(heads), m_parallel(parallel), m_mlps(mlps)
{
}

int64_t EdgeGraph::edges() const
{
    int64_t count = 0;
    for (int r = 0; r < readers(); ++r)
        count += sources(r);
    return count;
}

EdgeWriter EdgeGraph::writer(int index) const
{
    if (index == 0)
        return {};
    const int layer = (index - 1) / written(), at = (index - 1) % written();
    return at < m_heads ? EdgeWriter{EdgeWriter::Kind::Head, layer, at} : EdgeWriter{EdgeWriter::Kind::Mlp, layer, -1};
}

EdgeReader EdgeGraph::reader(int index) const
{
    if (index == logits())
        return {};
    const int layer = index / read(), at = index % read();
    if (at == 3 * m_heads)
        return {EdgeReader::Kind::Mlp, layer, -1};
    return {EdgeReader::Kind(at / m_heads), layer, at % m_heads};
}

int EdgeGraph::index(const EdgeWriter &writer) const
{
    return writer.kind == EdgeWriter::Kind::Input
        ? 0
        : first_writer(writer.layer) + (writer.kind == EdgeWriter::Kind::Head ? writer.head : m_heads);
}

int EdgeGraph::index(const EdgeReader &reader) const
{
    if (reader.kind == EdgeReader::Kind::Logits)
        return logits();
    return first_reader(reader.layer)
        + (reader.kind == EdgeReader::Kind::Mlp ? 3 * m_heads : int(reader.kind) * m_heads + reader.head);
}

int EdgeGraph::sources(int index) const
{
    const EdgeReader r = reader(index);
    if (r.kind == EdgeReader::Kind::Logits)
        return writers();
    const bool own_heads = r.kind == EdgeReader::Kind::Mlp && !m_parallel;
    return first_writer(r.layer) + (own_heads ? m_heads : 0);
}

int EdgeGraph::node(int index) const
{
    const EdgeReader r = reader(index);
    if (r.kind == EdgeReader::Kind::Logits)
        return -1;
    return r.kind == EdgeReader::Kind::Mlp ? this->index(EdgeWriter{EdgeWriter::Kind::Mlp, r.layer, -1})
                                           : this->index(EdgeWriter{EdgeWriter::Kind::Head, r.layer, r.head});
}

std::string EdgeGraph::writer_name(int index) const
{
    const EdgeWriter w = writer(index);
    switch (w.kind) {
    case EdgeWriter::Kind::Input:
        break;
    case EdgeWriter::Kind::Head:
        return "a" + std::to_string(w.layer) + ".h" + std::to_string(w.head);
    case EdgeWriter::Kind::Mlp:
        return "m" + std::to_string(w.layer);
    }
    return "input";
}

std::string EdgeGraph::reader_name(int index) const
{
    const EdgeReader r = reader(index);
    if (r.kind == EdgeReader::Kind::Logits)
        return "logits";
    if (r.kind == EdgeReader::Kind::Mlp)
        return "m" + std::to_string(r.layer);
    return "a" + std::to_string(r.layer) + ".h" + std::to_string(r.head) + "<" + letters[int(r.kind)] + ">";
}

std::string EdgeGraph::name(Edge edge) const
{
    return writer_name(edge.writer) + "->" + reader_name(edge.reader);
}

std::vector<std::string> EdgeGraph::writer_names() const
{
    std::vector<std::string> names;
    for (int w = 0; w < writers(); ++w)
        names.push_back(writer_name(w));
    return names;
}

std::vector<std::string> EdgeGraph::reader_names() const
{
    std::vector<std::string> names;
    for (int r = 0; r < readers(); ++r)
        names.push_back(reader_name(r));
    return names;
}

std::optional<int> EdgeGraph::find_writer(std::string_view name) const
{
    if (name == "input")
        return 0;
    const bool head = name.starts_with('a');
    if (!(take(name, "a") || (m_mlps && take(name, "m"))))
        return std::nullopt;
    const std::optional<int> layer = take_number(name, m_layers);
    if (!layer)
        return std::nullopt;
    if (!head)
        return name.empty() ? std::optional(index(EdgeWriter{EdgeWriter::Kind::Mlp, *layer, -1})) : std::nullopt;
    const std::optional<int> which = take(name, ".h") ? take_number(name, m_heads) : std::nullopt;
    if (!which || !name.empty())
        return std::nullopt;
    return index(EdgeWriter{EdgeWriter::Kind::Head, *layer, *which});
}

std::optional<int> EdgeGraph::find_reader(std::string_view name) const
{
    if (name == "logits")
        return logits();
    if (!name.ends_with('>')) {
        const std::optional<int> mlp = name.starts_with('m') ? find_writer(name) : std::nullopt;
        return mlp ? std::optional(index(EdgeReader{EdgeReader::Kind::Mlp, writer(*mlp).layer, -1})) : std::nullopt;
    }
    if (name.size() < 3 || name[name.size() - 3] != '<')
        return std::nullopt;
    const std::optional<int> head = find_writer(name.substr(0, name.size() - 3));
    if (!head || writer(*head).kind != EdgeWriter::Kind::Head)
        return std::nullopt;
    for (int part = 0; part < 3; ++part)
        if (name[name.size() - 2] == letters[part])
            return index(EdgeReader{EdgeReader::Kind(part), writer(*head).layer, writer(*head).head});
    return std::nullopt;
}

std::optional<Edge> EdgeGraph::find(std::string_view name) const
{
    const size_t arrow = name.find("->");
    if (arrow == std::string_view::npos)
        return std::nullopt;
    const std::optional<int> from = find_writer(name.substr(0, arrow)), to = find_reader(name.substr(arrow + 2));
    if (!from || !to || !is_edge({*from, *to}))
        return std::nullopt;
    return Edge{*from, *to};
}

std::vector<uint8_t> EdgeGraph::real() const
{
    std::vector<uint8_t> out(cells());
    for (int r = 0; r < readers(); ++r)
        for (int w = 0; w < sources(r); ++w)
            out[cell({w, r})] = 1;
    return out;
}

} // namespace patchbay
