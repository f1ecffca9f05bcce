#include "shell/gallery_views.h"

#include "amounts_text.h"
#include "analysis/roles.h"
#include "edge_views.h"

#include <QRandomGenerator>

#include <algorithm>
#include <cmath>
#include <limits>

namespace patchbay {

using namespace widgets;

namespace {
constexpr quint32 kSeed = 42;

/// Mostly nothing, a few strong heads, as sweeps look.
double effect(QRandomGenerator &random)
{
    const double noise = (random.generateDouble() - 0.5) * 2;
    return random.bounded(20) == 0 ? noise * 30 : noise * noise * noise * 4;
}
} // namespace

HeatmapView galleryHeatmap(int layers, int heads, int facets, double shareMissing)
{
    using widgets::CellState; // core has one, too
    const char *titles[] = {"Output (z)", "Queries (q)", "Keys (k)", "Values (v)", "Pattern"};
    QRandomGenerator random(kSeed);
    HeatmapView view;
    view.title = QStringLiteral("Activation patching, denoising");
    view.colourLabel = QStringLiteral("Logit diff variation");
    for (int f = 0; f < facets; ++f) {
        HeatmapFacet facet;
        facet.title = QString::fromLatin1(titles[f % 5]);
        facet.rows = layers;
        facet.columns = heads;
        for (int i = 0; i < layers * heads; ++i) {
            const double value = effect(random);
            const double luck = random.generateDouble();
            const CellState state = luck < shareMissing / 2 ? CellState::Missing
                : luck < shareMissing                       ? CellState::Estimated
                                                            : CellState::Exact;
            facet.values << (state == CellState::Missing ? std::numeric_limits<double>::quiet_NaN() : value);
            facet.states << state;
        }
        view.facets << facet;
    }
    return view;
}

AttentionView galleryAttention(int tokens)
{
    const QStringList words{QStringLiteral("When"),   QStringLiteral(" Mary"),  QStringLiteral(" and"),
                            QStringLiteral(" John"),  QStringLiteral(" went"),  QStringLiteral(" to"),
                            QStringLiteral(" the"),   QStringLiteral(" store"), QStringLiteral(","),
                            QStringLiteral(" John"),  QStringLiteral(" gave"),  QStringLiteral(" a"),
                            QStringLiteral(" drink"), QStringLiteral(" to")};
    QRandomGenerator random(kSeed);
    AttentionView view;
    view.head = {9, 6};
    view.title = QStringLiteral("L9H6 · clean · prompt 1");
    view.size = tokens;
    for (int i = 0; i < tokens; ++i) {
        view.tokens << words[i % words.size()];
        view.roles << (tokens > words.size() + 1 ? QString()
                           : i == 1              ? QStringLiteral("IO")
                           : i == 3              ? QStringLiteral("S1")
                           : i == 9              ? QStringLiteral("S2")
                           : i == tokens - 1     ? QStringLiteral("END")
                                                 : QString());
    }
    view.weights.resize(tokens * tokens);
    for (int row = 0; row < tokens; ++row) {
        double sum = 0;
        for (int column = 0; column <= row; ++column) {
            const bool same = view.tokens[row] == view.tokens[column] && row != column;
            const double weight = random.generateDouble() * 0.2 + (column == 0 ? 0.6 : 0) + (same ? 1.5 : 0)
                + (column == row - 1 ? 0.5 : 0);
            view.weights[row * tokens + column] = float(weight);
            sum += weight;
        }
        for (int column = 0; column <= row; ++column)
            view.weights[row * tokens + column] = float(view.weights[row * tokens + column] / sum);
    }
    return view;
}

ScatterView galleryScatter(int heads)
{
    QRandomGenerator random(kSeed);
    ScatterView view;
    view.title = QStringLiteral("Output against attention");
    view.xLabel = QStringLiteral("Effect of patching the pattern (%)");
    view.yLabel = QStringLiteral("Effect of patching the output (%)");
    for (int i = 0; i < heads; ++i) {
        const HeadId head{i / 12, i % 12};
        const double y = effect(random);
        view.points << ScatterPoint{head, label(head), y * random.generateDouble() + effect(random) * 0.1, y, 0};
    }
    return view;
}

BarsView galleryBars(int heads)
{
    QRandomGenerator random(kSeed);
    BarsView view;
    view.title = QStringLiteral("Activation patching of z, denoising");
    view.valueLabel = QStringLiteral("Logit diff variation (%)");
    double total = 0;
    for (int i = 0; i < heads; ++i) {
        const HeadId head{random.bounded(12), random.bounded(12)};
        const double value = 30.0 / (i + 1) * (i % 4 == 3 ? -1 : 1);
        total += value;
        view.bars << Bar{head, label(head), value, std::abs(value) * 0.1 + 0.3};
    }
    view.totalText = QStringLiteral("Total of %1: %2 %").arg(countedText(heads, "head")).arg(total, 0, 'f', 1);
    return view;
}

GraphView galleryGraph(int heads)
{
    // Without those that write against the answer, from the embedding up.
    const char *roles[] = {previous_token_role, duplicate_token_role, induction_role,
                           s_inhibition_role,   name_mover_role,      backup_name_mover_role};
    constexpr int levels = std::size(roles);
    QRandomGenerator random(kSeed);
    GraphView view;
    view.title = QStringLiteral("Circuit of %1, noising").arg(countedText(heads, "head"));
    view.layers = 12;
    for (int i = 0; i < heads; ++i) {
        const int level = i * levels / heads;
        view.nodes << GraphNode{{level * 2 + i % 2, (i * 5) % 12},
                                i % 5 == 4 ? QString() : QString::fromUtf8(roles[level])};
    }
    for (int to = 0; to < heads; ++to)
        for (int from = 0; from < to; ++from)
            if (view.nodes[from].head.layer < view.nodes[to].head.layer && random.bounded(heads) < 3)
                view.edges << GraphEdge{view.nodes[from].head, view.nodes[to].head,
                                        QStringLiteral("qkv").mid(random.bounded(3), 1), effect(random) * 3};
    for (int i = heads * 2 / 3; i < heads; ++i)
        view.edges << GraphEdge{view.nodes[i].head, {}, {}, effect(random) * 4};
    return view;
}

EdgeGraphView galleryEdges(int layers, int heads, int edges)
{
    QRandomGenerator random(kSeed);
    EdgeNumbers numbers;
    const EdgeGraph graph(layers, heads, false);
    numbers.graph = graph;
    numbers.estimates.assign(graph.cells(), 0);
    numbers.exact.assign(graph.cells(), std::numeric_limits<float>::quiet_NaN());
    numbers.scale = 1;
    numbers.unit = {};
    std::vector<double> writes, reads;
    const auto some = [&] { return std::pow(random.generateDouble(), 8); };
    for (int writer = 0; writer < graph.writers(); ++writer)
        writes.push_back(graph.writer(writer).kind == EdgeWriter::Kind::Head ? some() : 0.05 + some());
    for (int reader = 0; reader < graph.readers(); ++reader) {
        const int node = graph.node(reader);
        reads.push_back(node < 0 ? 1 : writes[size_t(node)] * random.generateDouble());
    }
    for (int reader = 0; reader < graph.readers(); ++reader)
        for (int writer = 0; writer < graph.sources(reader); ++writer) {
            const double size = writes[size_t(writer)] * reads[size_t(reader)] * random.generateDouble();
            numbers.estimates[graph.cell({writer, reader})] = float(random.bounded(4) == 0 ? size : -size) * 0.4f;
        }
    EdgeMask kept = greedy_edges(graph, numbers.estimates, edges, EdgeOrder::Size);
    std::vector<bool> fed(size_t(graph.writers()));
    for (size_t i = 0; i < kept.size(); ++i)
        if (kept[i] && graph.node(graph.edge(i).reader) >= 0)
            fed[size_t(graph.node(graph.edge(i).reader))] = true;
    for (int reader = 0; reader < graph.readers(); ++reader) // what reads nothing yet reads the embedding
        if (const int node = graph.node(reader); node > 0 && !fed[size_t(node)]) {
            fed[size_t(node)] = true;
            for (const int writer : nodes_of(graph, kept))
                if (writer == node)
                    kept[graph.cell({0, reader})] = 1;
        }
    kept = pruned(graph, kept);
    int n = 0;
    for (const Edge edge : ranked_edges(graph, numbers.estimates, EdgeOrder::Size))
        if (kept[graph.cell(edge)] && ++n <= edges / 3) // the strongest are exact
            numbers.exact[graph.cell(edge)] = numbers.estimates[graph.cell(edge)] * 0.95f;
    return edgeGraphView(numbers, kept, [](HeadId head) {
        return (head.layer * 7 + head.head) % 5 == 0 ? QString::fromUtf8(name_mover_role) : QString();
    });
}

} // namespace patchbay
