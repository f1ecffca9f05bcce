#include "export/figure_subject.h"

#include "base/error.h"
#include "edge_views.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace patchbay {

namespace {

/// The circuit that a result ran, else a tenth of its edges, at most as many as can be looked at.
EdgeMask shownCircuit(const RunResult &result, const EdgeNumbers &numbers)
{
    if (const auto circuit = circuitMask(result); circuit && circuit->size() == numbers.graph.cells())
        return *circuit;
    constexpr int64_t most = 300;
    std::vector<float> best(numbers.graph.cells());
    for (size_t i = 0; i < best.size(); ++i)
        best[i] = std::isfinite(numbers.best(i)) ? numbers.best(i) : 0;
    return pruned(numbers.graph,
                  top_edges(numbers.graph, best, std::min(most, edges_at(numbers.graph, 0.1)), EdgeOrder::Size));
}

constexpr std::array<std::pair<const char *, FigureView>, 7> views{{{"heatmap", FigureView::Heatmap},
                                                                    {"attention", FigureView::Attention},
                                                                    {"scatter", FigureView::Scatter},
                                                                    {"bars", FigureView::Bars},
                                                                    {"table", FigureView::Table},
                                                                    {"graph", FigureView::Graph},
                                                                    {"lines", FigureView::Lines}}};

} // namespace

FigureView parseFigureView(const std::string &text)
{
    for (const auto &[known, view] : views) {
        if (text == known)
            return view;
    }
    throw Error("view " + text, "is not known (heatmap, attention, scatter, bars, table, graph, lines)");
}

QString name(FigureView view)
{
    return QString::fromLatin1(views[size_t(view)].first);
}

QString FigureSubject::title() const
{
    return std::visit([](const auto &shown) { return shown.title; }, content);
}

QString FigureSubject::captionText() const
{
    return !caption.isEmpty() || !result ? caption : resultCaption(*result);
}

FigureSubject figureSubject(RunResultPtr result, const FigureChoices &choices)
{
    FigureSubject subject;
    subject.view = choices.view;
    switch (choices.view) {
    case FigureView::Heatmap: {
        if (const auto numbers = edgeNumbers(*result); numbers && heatmapFacetNames(*result).empty()) {
            const EdgeMask kept = circuitMask(*result).value_or(EdgeMask(numbers->graph.cells()));
            subject.content = edgeMatrix(*numbers, kept, {MatrixPart::All}).view;
            break;
        }
        widgets::HeatmapView view = heatmapView(*result, {{}, true});
        if (view.facets.isEmpty())
            throw Error("result", "it has no sweep over heads or layers to draw as a heatmap");
        QVector<int> kept;
        for (const QString &title : choices.facets)
            for (int i = 0; i < view.facets.size(); ++i)
                if (view.facets[i].title == title)
                    kept << i;
        if (!kept.isEmpty())
            keepFacets(view, kept);
        if (choices.amongTop > 0) {
            maskUnstable(view, choices.amongTop);
            subject.caption =
                QStringLiteral("%1 Masked are heads that are among the %2 strongest in fewer than %3 % of "
                               "1,000 resamples of the prompts.")
                    .arg(resultCaption(*result))
                    .arg(usual_top)
                    .arg(QString::number(choices.amongTop, 'g', 4));
        }
        subject.content = std::move(view);
        break;
    }
    case FigureView::Scatter:
        subject.content = scatterView(*result, choices.x, choices.y);
        break;
    case FigureView::Bars:
        subject.content = barsView(*result, choices.grid, choices.top, choices.sign);
        break;
    case FigureView::Table:
        subject.content = tableView(*result, choices.top);
        break;
    case FigureView::Graph:
        if (const auto numbers = edgeNumbers(*result)) {
            const EdgeMask kept = shownCircuit(*result, *numbers);
            subject.content = edgeGraphView(*numbers, kept);
            subject.caption = edgesCaption(*numbers, kept, result.get());
        } else {
            subject.content = graphView(*result);
        }
        break;
    case FigureView::Lines:
        if (!hasCurve(*result))
            throw Error("lines", "are drawn from a series or a faithfulness curve, which this result is not");
        subject.content = curveLines({result});
        subject.caption = curveCaption({result});
        break;
    case FigureView::Attention:
        throw Error("attention", "is drawn from the model, not from a result alone");
    }
    subject.result = std::move(result);
    return subject;
}

RunSpec attentionSpec(const RunSpec &of, Head head, int prompt, bool flipped, bool valueWeighted)
{
    Analysis analysis{"attention-patterns", {head}, {{"prompt", prompt}}};
    if (flipped)
        analysis.options["flipped"] = true;
    if (valueWeighted)
        analysis.options["value_weighted"] = true;
    RunSpec spec = of;
    spec.method = std::move(analysis);
    return spec;
}

void keepFacets(widgets::HeatmapView &view, const QVector<int> &indices)
{
    QVector<widgets::HeatmapFacet> kept;
    for (const int index : indices)
        if (index >= 0 && index < view.facets.size())
            kept << view.facets[index];
    view.facets = kept;
}

namespace {

/// "a, b: …. c: …." where panels differ; panels of one caption are told it once.
QString joinedCaptions(const std::vector<FigureSubject> &subjects)
{
    std::vector<std::pair<QString, QStringList>> captions; // with the letters of its panels
    for (size_t i = 0; i < subjects.size(); ++i) {
        const QString caption = subjects[i].captionText();
        if (caption.isEmpty())
            continue;
        const auto known =
            std::find_if(captions.begin(), captions.end(), [&](const auto &one) { return one.first == caption; });
        (known == captions.end() ? captions.emplace_back(caption, QStringList()) : *known).second
            << widgets::panelLetter(int(i));
    }
    QStringList text;
    for (const auto &[caption, letters] : captions)
        text << (captions.size() > 1 ? letters.join(QStringLiteral(", ")) + QStringLiteral(": ") : QString()) + caption;
    return text.join(QLatin1Char(' '));
}

} // namespace

widgets::FigureMetadata figureMetadata(const std::vector<FigureSubject> &subjects)
{
    widgets::FigureMetadata metadata;
    nlohmann::ordered_json specs = nlohmann::ordered_json::array();
    QStringList titles;
    for (const FigureSubject &subject : subjects) {
        titles << subject.title();
        if (!subject.result && !subject.spec)
            continue;
        const nlohmann::ordered_json spec = to_json(subject.spec ? *subject.spec : subject.result->spec);
        if (std::find(specs.begin(), specs.end(), spec) == specs.end())
            specs.push_back(spec);
        if (!subject.result)
            continue;
        if (metadata.version.isEmpty())
            metadata.version =
                QStringLiteral("Patchbay %1").arg(QString::fromStdString(subject.result->version)).trimmed();
        if (metadata.modelSha256.isEmpty())
            metadata.modelSha256 = QString::fromStdString(subject.result->model_sha256);
    }
    metadata.title = titles.join(QStringLiteral("; "));
    metadata.caption = joinedCaptions(subjects);
    if (!specs.empty())
        metadata.runSpec = QByteArray::fromStdString((specs.size() == 1 ? specs[0] : specs).dump());
    if (metadata.version.isEmpty())
        metadata.version = QStringLiteral("Patchbay");
    return metadata;
}

widgets::FigureSheet figureSheet(const std::vector<FigureSubject> &subjects, const widgets::FigureSpec &spec,
                                 int columns)
{
    widgets::FigureSheet sheet;
    sheet.spec = spec;
    sheet.columns = columns;
    if (sheet.spec.showCaption && sheet.spec.caption.isEmpty())
        sheet.spec.caption = figureMetadata(subjects).caption;
    for (const FigureSubject &subject : subjects)
        sheet.panels << subject.content;
    return sheet;
}

QVector<int> facetIndices(const RunResult &result, const std::vector<std::string> &names)
{
    // heatmapFacets may give a grid several facets: count as heatmapView does.
    QVector<int> indices;
    for (const std::string &wanted : names) {
        const qsizetype before = indices.size();
        int first = 0;
        std::string known;
        for (const std::string &present : heatmapFacetNames(result)) {
            const Grid *grid = result.grid(present);
            const int count = grid && grid->shape.size() == 3 ? grid->shape[1] : 1;
            if (present == wanted || present.ends_with("." + wanted)) {
                for (int i = 0; i < count; ++i)
                    indices << first + i;
                break;
            }
            known += (known.empty() ? "" : ", ") + present;
            first += count;
        }
        if (indices.size() == before)
            throw Error("facet " + wanted, "the result has no such grid (it has: " + known + ")");
    }
    return indices;
}

} // namespace patchbay
