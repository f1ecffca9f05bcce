#include "edge_views.h"

#include "amounts_text.h"
#include "edge_graph_layout.h"
#include "view_models.h"
#include "view_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace patchbay {

namespace {

using Kind = widgets::EdgeGraphNode::Kind;
using widgets::EdgeEnd;

QString inWords(const char *text)
{
    return QCoreApplication::translate("EdgeViews", text);
}

EdgeEnd endOf(const EdgeReader &reader)
{
    return reader.kind == EdgeReader::Kind::Query ? EdgeEnd::Query
        : reader.kind == EdgeReader::Kind::Key    ? EdgeEnd::Key
        : reader.kind == EdgeReader::Kind::Value  ? EdgeEnd::Value
                                                  : EdgeEnd::None;
}

double sizeOf(const EdgeNumbers &numbers, size_t cell)
{
    const float value = numbers.best(cell);
    return std::isfinite(value) ? std::abs(double(value)) : 0;
}

/// The cells that are 1 in a mask, strongest first, at most so many.
std::vector<size_t> strongest(const EdgeNumbers &numbers, std::vector<size_t> cells, size_t most)
{
    const auto stronger = [&](size_t a, size_t b) {
        const double one = sizeOf(numbers, a), other = sizeOf(numbers, b);
        return one != other ? one > other : a < b;
    };
    const size_t count = std::min(most, cells.size());
    std::partial_sort(cells.begin(), cells.begin() + std::ptrdiff_t(count), cells.end(), stronger);
    cells.resize(count);
    return cells;
}

std::vector<size_t> cellsOf(const EdgeMask &kept)
{
    std::vector<size_t> cells;
    for (size_t i = 0; i < kept.size(); ++i)
        if (kept[i])
            cells.push_back(i);
    return cells;
}

/// Real edges that a mask leaves out, around a node or of the whole graph.
std::vector<size_t> outsideOf(const EdgeGraph &graph, const EdgeMask &kept, int node)
{
    std::vector<size_t> cells;
    for (int reader = 0; reader < graph.readers(); ++reader) {
        const bool into = node == -2 || graph.node(reader) == node;
        for (int writer = 0; writer < graph.sources(reader); ++writer)
            if ((into || writer == node) && !kept[graph.cell({writer, reader})])
                cells.push_back(graph.cell({writer, reader}));
    }
    return cells;
}

QString circuitTitle(const EdgeNumbers &numbers, const EdgeMask &kept)
{
    return inWords("Circuit of %1, %2").arg(sizeText(numbers.graph, kept), numbers.estimateName())
        + (numbers.choice.direction == Direction::Denoise ? inWords(", denoising") : QString());
}

} // namespace

widgets::EdgeGraphNode graphNode(const EdgeGraph &graph, int writer)
{
    if (writer < 0)
        return {Kind::Logits};
    const EdgeWriter at = graph.writer(writer);
    return at.kind == EdgeWriter::Kind::Input ? widgets::EdgeGraphNode{Kind::Input}
        : at.kind == EdgeWriter::Kind::Mlp    ? widgets::EdgeGraphNode{Kind::Mlp, {at.layer, -1}}
                                              : widgets::EdgeGraphNode{Kind::Head, {at.layer, at.head}};
}

int writerOf(const EdgeGraph &graph, const widgets::EdgeGraphNode &node)
{
    switch (node.kind) {
    case Kind::Input:
        return 0;
    case Kind::Head:
        return graph.index(EdgeWriter{EdgeWriter::Kind::Head, node.head.layer, node.head.head});
    case Kind::Mlp:
        return graph.index(EdgeWriter{EdgeWriter::Kind::Mlp, node.head.layer, -1});
    case Kind::Logits:
        break;
    }
    return -1;
}

widgets::EdgeGraphView edgeGraphView(const EdgeNumbers &numbers, const EdgeMask &kept, const RoleOf &roleOf,
                                     const OutsideEdges &outside, int most)
{
    const EdgeGraph &graph = numbers.graph;
    widgets::EdgeGraphView view;
    view.title = circuitTitle(numbers, kept);
    view.unit = QString::fromStdString(numbers.unit.symbol);
    view.estimateName = numbers.estimateName();
    view.layers = graph.layers();
    view.heads = graph.heads();
    std::map<int, int> places; // of writers among the nodes
    const auto node = [&](int writer, bool inside) {
        const auto [found, fresh] = places.emplace(writer, int(view.nodes.size()));
        if (fresh) {
            view.nodes << graphNode(graph, writer);
            view.nodes.back().inside = inside;
            if (roleOf && view.nodes.back().kind == Kind::Head)
                view.nodes.back().role = roleOf(view.nodes.back().head);
        }
        return found->second;
    };
    const auto add = [&](size_t cell, bool inside) {
        const Edge at = graph.edge(cell);
        widgets::EdgeGraphEdge edge;
        edge.from = node(at.writer, inside);
        edge.to = node(graph.node(at.reader), inside);
        edge.end = endOf(graph.reader(at.reader));
        edge.exact = numbers.isExact(cell);
        const float value = numbers.best(cell);
        edge.score = std::isfinite(value) ? numbers.shown(value) : 0;
        if (!numbers.estimates.empty())
            edge.estimate = numbers.shown(numbers.estimates[cell]);
        edge.inside = inside;
        edge.id = qint64(cell);
        view.edges << edge;
    };
    const std::vector<size_t> all = cellsOf(kept);
    if (all.empty())
        return view;
    node(0, true);
    node(-1, true);
    for (const int writer : nodes_of(graph, kept)) // also of edges that are left out below
        node(writer, true);
    for (const size_t cell : strongest(numbers, all, size_t(most)))
        add(cell, true);
    view.leftOut = qint64(all.size()) - view.edges.size();
    if (view.leftOut > 0)
        view.title += inWords(" · the %1 strongest edges are drawn").arg(view.edges.size());
    if (outside.shown)
        for (const size_t cell :
             strongest(numbers, outsideOf(graph, kept, outside.node), size_t(std::max(0, outside.most))))
            add(cell, false);
    return view;
}

widgets::BarsView nodeBars(const EdgeNumbers &numbers, const EdgeMask &kept, int writer, int each,
                           std::vector<size_t> *cells)
{
    const EdgeGraph &graph = numbers.graph;
    std::vector<size_t> in, out;
    for (int reader = 0; reader < graph.readers(); ++reader) {
        if (graph.node(reader) == writer)
            for (int from = 0; from < graph.sources(reader); ++from)
                in.push_back(graph.cell({from, reader}));
        if (writer >= 0 && writer < graph.sources(reader))
            out.push_back(graph.cell({writer, reader}));
    }
    widgets::BarsView view;
    view.title = inWords("Edges of %1").arg(nodeName(graphNode(graph, writer)));
    view.unit = QString::fromStdString(numbers.unit.symbol);
    const Metric metric =
        find_metric(numbers.choice.metric) ? find_metric(numbers.choice.metric)->metric : Metric::LogitDiff;
    view.valueLabel =
        QString::fromStdString(numbers.unit.share ? effect_label(info(metric)) : change_label(info(metric)))
        + QStringLiteral(" (%1)").arg(view.unit);
    qsizetype inside = 0;
    const auto add = [&](const std::vector<size_t> &some, bool into) {
        for (const size_t cell : strongest(numbers, some, size_t(each))) {
            const Edge edge = graph.edge(cell);
            const widgets::EdgeGraphNode other = graphNode(graph, into ? edge.writer : graph.node(edge.reader));
            const QString end = endName(endOf(graph.reader(edge.reader)));
            const QString name = other.kind == Kind::Input ? QStringLiteral("input") : nodeName(other); // short
            widgets::Bar bar;
            if (other.kind == Kind::Head)
                bar.head = other.head;
            bar.label = into ? (name + QStringLiteral(" → ") + end).trimmed()
                             : (QStringLiteral("→ ") + name + QLatin1Char(' ') + end).trimmed();
            if (!kept[cell])
                bar.label = QStringLiteral("(%1)").arg(bar.label);
            inside += kept[cell];
            bar.value = numbers.shown(numbers.best(cell));
            view.bars << bar;
            if (cells)
                cells->push_back(cell);
        }
    };
    if (cells)
        cells->clear();
    add(in, true);
    add(out, false);
    view.totalText = inWords("%1 of these are in the circuit; (others) are not").arg(inside);
    return view;
}

QString edgesCaption(const EdgeNumbers &numbers, const EdgeMask &kept, const RunResult *result)
{
    int64_t exact = 0;
    const int64_t all = count(kept);
    for (size_t i = 0; i < kept.size(); ++i)
        exact += kept[i] && numbers.isExact(i);
    const QString words =
        QString::fromStdString(in_words(numbers.choice.replacement, numbers.choice.direction == Direction::Denoise));
    QString text =
        inWords("Circuit of %1. An edge shows how the metric changes when what it alone carries is replaced by %2")
            .arg(sizeText(numbers.graph, kept), words);
    text += numbers.unit.share ? inWords(", in % of the clean–flipped gap") : QString();
    if (exact == all && all > 0)
        text += inWords(". All values are exact");
    else if (exact == 0)
        text += inWords(". All values are first-order estimates (%1)").arg(numbers.estimateName());
    else
        text += inWords(". Exact: %1 of %2 edges (solid); the others are first-order estimates (%3, dashed)")
                    .arg(exact)
                    .arg(all)
                    .arg(numbers.estimateName());
    text += QLatin1Char('.');
    if (result)
        text += QLatin1Char(' ') + resultCaption(*result);
    return text;
}

} // namespace patchbay
