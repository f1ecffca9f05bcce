// The matrix of writers × readers, and the curves of faithfulness.
#include "edge_views.h"

#include "edge_graph_layout.h"
#include "view_models.h"
#include "view_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace patchbay {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

QString inWords(const char *text)
{
    return QCoreApplication::translate("EdgeViews", text);
}

QString readerName(const EdgeGraph &graph, int reader)
{
    const EdgeReader at = graph.reader(reader);
    const QString name = nodeName(graphNode(graph, graph.node(reader))).replace(QLatin1Char(' '), QChar(0xa0));
    return at.kind == EdgeReader::Kind::Query ? name + QStringLiteral("\u00a0q")
        : at.kind == EdgeReader::Kind::Key    ? name + QStringLiteral("\u00a0k")
        : at.kind == EdgeReader::Kind::Value  ? name + QStringLiteral("\u00a0v")
                                              : name;
}

void start(widgets::HeatmapView &view, const EdgeNumbers &numbers)
{
    view.unit = QString::fromStdString(numbers.unit.symbol);
    const MetricInfo *metric = find_metric(numbers.choice.metric);
    if (metric)
        view.colourLabel = QString::fromStdString(numbers.unit.share ? effect_label(*metric) : change_label(*metric));
    view.xLabel = inWords("Reader");
    view.yLabel = inWords("Writer");
    view.columnsAreHeads = false;
    view.facets << widgets::HeatmapFacet{};
}

/// Of a reader; the logits come after the last.
int layerOf(const EdgeGraph &graph, int reader)
{
    const EdgeReader at = graph.reader(reader);
    return at.kind == EdgeReader::Kind::Logits ? graph.layers() : at.layer;
}

/// The strongest edge between each two layers; rows: embedding, layers; columns: layers, logits.
EdgeMatrix layerMatrix(const EdgeNumbers &numbers)
{
    const EdgeGraph &graph = numbers.graph;
    EdgeMatrix matrix;
    start(matrix.view, numbers);
    matrix.view.title = inWords("Strongest edges between layers, %1").arg(numbers.estimateName());
    widgets::HeatmapFacet &facet = matrix.view.facets.front();
    facet.rows = facet.columns = graph.layers() + 1;
    facet.values.fill(none, qsizetype(facet.rows) * facet.columns);
    facet.states.fill(widgets::CellState::Undefined, facet.values.size());
    matrix.view.yTicks << inWords("embedding");
    for (int layer = 0; layer < graph.layers(); ++layer) {
        matrix.view.xTicks << inWords("layer %1").arg(layer);
        matrix.view.yTicks << inWords("layer %1").arg(layer);
    }
    matrix.view.xTicks << inWords("logits");
    for (int i = 0; i <= graph.layers(); ++i) {
        matrix.writers.push_back(i - 1);
        matrix.readers.push_back(i);
    }
    for (int reader = 0; reader < graph.readers(); ++reader) {
        const int column = layerOf(graph, reader);
        for (int writer = 0; writer < graph.sources(reader); ++writer) {
            const size_t edge = graph.cell({writer, reader});
            const float value = numbers.best(edge);
            const qsizetype cell = qsizetype(graph.writer(writer).layer + 1) * facet.columns + column;
            if (!std::isfinite(value))
                continue;
            const double shown = numbers.shown(value);
            if (std::isnan(facet.values[cell]) || std::abs(shown) > std::abs(facet.values[cell])) {
                facet.values[cell] = shown;
                facet.states[cell] = numbers.isExact(edge) ? widgets::CellState::Exact : widgets::CellState::Estimated;
            }
        }
    }
    return matrix;
}

} // namespace

EdgeMatrix edgeMatrix(const EdgeNumbers &numbers, const EdgeMask &kept, const MatrixOptions &options)
{
    const EdgeGraph &graph = numbers.graph;
    MatrixOptions what = options;
    const bool whole = what.part == MatrixPart::All && !what.block;
    if (what.part == MatrixPart::Layers || (whole && graph.cells() > mostMatrixCells))
        return layerMatrix(numbers);
    EdgeMatrix matrix;
    start(matrix.view, numbers);
    matrix.view.title = what.part == MatrixPart::Circuit
        ? inWords("Edges of the circuit, %1").arg(numbers.estimateName())
        : inWords("Edges, %1").arg(numbers.estimateName());
    if (what.part == MatrixPart::Circuit) {
        std::set<int> writers, readers;
        for (size_t i = 0; i < kept.size(); ++i)
            if (kept[i]) {
                writers.insert(graph.edge(i).writer);
                readers.insert(graph.edge(i).reader);
            }
        matrix.writers.assign(writers.begin(), writers.end());
        matrix.readers.assign(readers.begin(), readers.end());
        if (matrix.writers.size() * matrix.readers.size() > mostMatrixCells)
            return layerMatrix(numbers);
    } else {
        for (int writer = 0; writer < graph.writers(); ++writer)
            if (!what.block || graph.writer(writer).layer == what.fromLayer)
                matrix.writers.push_back(writer);
        for (int reader = 0; reader < graph.readers(); ++reader)
            if (!what.block || layerOf(graph, reader) == what.toLayer)
                matrix.readers.push_back(reader);
    }
    widgets::HeatmapFacet &facet = matrix.view.facets.front();
    facet.rows = int(matrix.writers.size());
    facet.columns = int(matrix.readers.size());
    if (facet.rows == 0 || facet.columns == 0)
        matrix.view.facets.clear();
    for (const int writer : matrix.writers)
        matrix.view.yTicks << nodeName(graphNode(graph, writer));
    for (const int reader : matrix.readers)
        matrix.view.xTicks << readerName(graph, reader);
    for (int row = 0; row < int(matrix.writers.size()); ++row)
        for (int column = 0; column < int(matrix.readers.size()); ++column) {
            const Edge edge{matrix.writers[size_t(row)], matrix.readers[size_t(column)]};
            const size_t cell = graph.cell(edge);
            const bool real = graph.is_edge(edge);
            const float value = real ? numbers.best(cell) : std::numeric_limits<float>::quiet_NaN();
            facet.values << (std::isfinite(value) ? numbers.shown(value) : none);
            facet.states << (!real                       ? widgets::CellState::Undefined
                                 : !std::isfinite(value) ? widgets::CellState::Missing
                                 : numbers.isExact(cell) ? widgets::CellState::Exact
                                                         : widgets::CellState::Estimated);
            if (what.maskOutside && real && !kept[cell])
                matrix.view.masked << widgets::HeadId{row, column};
        }
    return matrix;
}

bool hasCurve(const RunResult &result)
{
    return result.arrays.contains(curve_shares_array) && result.summary.is_object() && result.summary.contains("curve")
        && result.summary.contains("curve_signed");
}

namespace {

struct Curve {
    QString label;
    std::map<double, double> points; ///< faithfulness by share
    std::map<double, QString> notes;
};

Curve curveOf(const RunResult &result, const char *key, const QString &label)
{
    Curve curve{label, {}, {}};
    for (const nlohmann::json &point : result.summary.at(key)) {
        const double share = point.at("p").get<double>();
        curve.points[share] = point.at("faithfulness").is_number() ? point.at("faithfulness").get<double>() : none;
        curve.notes[share] =
            inWords("%1 edges, %2 after pruning").arg(point.at("n").get<qint64>()).arg(point.at("kept").get<qint64>());
    }
    return curve;
}

/// On a straight line between two runs, as CPR and CMD take it; NaN outside of them.
double between(const Curve &curve, double share)
{
    const auto after = curve.points.lower_bound(share);
    if (after == curve.points.end())
        return none;
    if (after->first == share || after == curve.points.begin())
        return after->first == share ? after->second : none;
    const auto before = std::prev(after);
    const double part = (share - before->first) / (after->first - before->first);
    return before->second + part * (after->second - before->second);
}

QString areaText(const RunResult &result, const char *key, const QString &name)
{
    return result.summary.contains(key) && result.summary.at(key).is_number()
        ? QStringLiteral("%1 %2").arg(name, QString::number(result.summary.at(key).get<double>(), 'f', 3))
        : QString();
}

} // namespace

widgets::LinesView curveLines(const std::vector<RunResultPtr> &curves, bool logarithmic)
{
    widgets::LinesView view;
    std::vector<Curve> all;
    std::set<double> shares;
    std::set<QString> names;
    const auto nameOf = [](const RunResult &result) {
        const auto choice = edgeChoiceOf(result.spec);
        if (!choice)
            return QString();
        QString name = QString::fromStdString(title(choice->method));
        if (choice->replacement != EdgeReplacement::Patching)
            name += QStringLiteral(", ") + QString::fromStdString(patchbay::name(choice->replacement));
        return name;
    };
    for (const RunResultPtr &result : curves)
        if (hasCurve(*result))
            names.insert(nameOf(*result));
    for (const RunResultPtr &result : curves) {
        if (!hasCurve(*result))
            continue;
        const QString before = names.size() > 1 ? nameOf(*result) + QStringLiteral(", ") : QString();
        all.push_back(curveOf(*result, "curve",
                              (before + inWords("by size · %1").arg(areaText(*result, "cmd", QStringLiteral("CMD"))))));
        all.push_back(curveOf(*result, "curve_signed",
                              (before + inWords("signed · %1").arg(areaText(*result, "cpr", QStringLiteral("CPR"))))));
        for (const auto &[share, f] : all.back().points)
            shares.insert(share);
    }
    if (all.empty())
        return view;
    view.title = names.size() > 1 ? inWords("Faithfulness of circuits of growing size")
                                  : inWords("Faithfulness of circuits of growing size, %1").arg(*names.begin());
    view.xLabel = inWords("Share of all edges");
    view.yLabel = inWords("Faithfulness");
    view.logarithmic = logarithmic;
    for (const double share : shares) {
        view.x << share;
        view.names << inWords("at %1 % of the edges").arg(share * 100);
    }
    for (const Curve &curve : all) {
        widgets::Line line;
        line.label = curve.label;
        for (const double share : shares) {
            line.values << between(curve, share);
            const auto note = curve.notes.find(share);
            line.notes << (note == curve.notes.end() ? inWords("between two runs") : note->second);
        }
        view.lines << line;
    }
    return view;
}

QString curveCaption(const std::vector<RunResultPtr> &curves)
{
    QString text =
        inWords("Faithfulness (circuit − nothing kept) / (all kept − nothing kept) of the metric's mean, run for "
                "circuits of the strongest edges, pruned; every point is exact, which edges are strongest is "
                "estimated. CPR: the area below the curve of signed scores; CMD: that between 1 and the curve by "
                "size; both over the share of edges on a linear axis.");
    for (const RunResultPtr &result : curves)
        if (hasCurve(*result))
            return text + QLatin1Char(' ') + resultCaption(*result);
    return text;
}

} // namespace patchbay
