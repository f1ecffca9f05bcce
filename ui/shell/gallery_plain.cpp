// Pictures of every widget by itself.
#include "attention_text_widget.h"
#include "attention_thumbnails.h"
#include "attention_widget.h"
#include "bars_widget.h"
#include "edge_graph_widget.h"
#include "graph_widget.h"
#include "heatmap_widget.h"
#include "scatter_widget.h"
#include "shell/gallery_views.h"

#include <QSize>

#include <algorithm>

namespace patchbay {

using namespace widgets;

namespace {

using Picture = std::function<void(QWidget &widget, QSize size, const QString &name)>;

void heatmaps(const Picture &picture)
{
    for (const auto &[layers, heads] : {std::pair{6, 8}, std::pair{30, 32}}) {
        for (const auto &[facets, missing, state] :
             {std::tuple{1, 0.0, "done"}, std::tuple{1, 0.6, "running"}, std::tuple{5, 0.0, "facets"}}) {
            HeatmapWidget heatmap;
            heatmap.setView(galleryHeatmap(layers, heads, facets, missing));
            heatmap.setSelection({{1, 2}, {2, 3}});
            picture(heatmap, {860, 520},
                    QStringLiteral("heatmap-%1x%2-%3").arg(layers).arg(heads).arg(QLatin1String(state)));
        }
        HeatmapWidget masked;
        HeatmapView view = galleryHeatmap(layers, heads, 1, 0);
        for (int head = 0; head < heads; ++head)
            for (int layer = 0; layer < layers; layer += 1 + head % 3)
                view.masked << HeadId{layer, head};
        masked.setView(view);
        picture(masked, {860, 520}, QStringLiteral("heatmap-%1x%2-masked").arg(layers).arg(heads));
    }
    HeatmapWidget empty;
    empty.setEmptyText(QStringLiteral("Choose what to patch in the toolbar, then press Run (Ctrl+R)"));
    picture(empty, {860, 520}, QStringLiteral("heatmap-empty"));
    empty.setEmptyText(
        QStringLiteral("This run failed:\nheads: L99H0 is not in this model, which has 6 layers of 8 heads"));
    picture(empty, {860, 520}, QStringLiteral("heatmap-error"));
}

void attention(const Picture &picture)
{
    for (const int tokens : {15, 300}) {
        AttentionWidget matrix;
        matrix.setView(galleryAttention(tokens));
        picture(matrix, {620, 560}, QStringLiteral("attention-%1").arg(tokens));
        AttentionTextWidget text;
        text.setView(galleryAttention(tokens));
        text.setLocked(std::min(tokens, 15) - 1);
        picture(text, {620, 360}, QStringLiteral("attention-text-%1").arg(tokens));
        AttentionThumbnails thumbnails;
        QVector<AttentionView> views;
        for (int i = 0; i < 9; ++i) {
            views << galleryAttention(tokens);
            views.back().head = {i, (i * 5) % 12};
        }
        thumbnails.setViews(views);
        thumbnails.setSelection({views[0].head, views[1].head});
        thumbnails.setCurrent(views[1].head);
        picture(thumbnails, {480, 420}, QStringLiteral("attention-thumbnails-%1").arg(tokens));
    }
    AttentionWidget difference;
    AttentionView view = galleryAttention(15);
    for (qsizetype i = 0; i < view.weights.size(); ++i)
        view.weights[i] *= i % 3 == 1 ? -1.0F : 1.0F;
    view.difference = true;
    view.title = QStringLiteral("L9H6 · clean − flipped · prompt 1");
    difference.setView(view);
    picture(difference, {620, 560}, QStringLiteral("attention-difference"));
    AttentionWidget empty;
    empty.setEmptyText(QStringLiteral("Click a head in the heatmap to see what it attends to"));
    picture(empty, {620, 560}, QStringLiteral("attention-empty"));
}

void plots(const Picture &picture)
{
    for (const int heads : {0, 144, 960}) {
        ScatterWidget scatter;
        scatter.setView(heads > 0 ? galleryScatter(heads) : ScatterView{});
        scatter.setSelection({{5, 5}, {3, 2}});
        picture(scatter, {520, 420}, QStringLiteral("scatter-%1").arg(heads));
    }
    for (const int heads : {0, 15, 50}) {
        BarsWidget bars;
        const BarsView view = heads > 0 ? galleryBars(heads) : BarsView{};
        bars.setView(view);
        bars.setSelection(heads > 0 ? QVector<HeadId>{view.bars[1].head} : QVector<HeadId>{});
        picture(bars, {520, 460}, QStringLiteral("bars-%1").arg(heads));
    }
    for (const int heads : {0, 8, 26}) {
        GraphWidget graph;
        const GraphView view = heads > 0 ? galleryGraph(heads) : GraphView{};
        graph.setView(view);
        graph.setSelection(heads > 0 ? QVector<HeadId>{view.nodes[2].head} : QVector<HeadId>{});
        picture(graph, {620, 560}, QStringLiteral("circuit-%1").arg(heads));
    }
}

void edgeGraphs(const Picture &picture)
{
    for (const auto &[layers, heads, edges] : {std::tuple{6, 8, 60}, {12, 12, 150}, {30, 32, 240}}) {
        EdgeGraphWidget graph;
        graph.setView(galleryEdges(layers, heads, edges));
        const QString name = QStringLiteral("edges-%1x%2").arg(layers).arg(heads);
        picture(graph, {980, 720}, name);
        for (int node = int(graph.view().nodes.size()); node-- > 0;)
            if (graph.view().nodes[node].kind == EdgeGraphNode::Kind::Head)
                graph.setCurrentNode(node);
        picture(graph, {980, 720}, name + QStringLiteral("-node"));
    }
    EdgeGraphWidget empty;
    picture(empty, {620, 560}, QStringLiteral("edges-empty"));
}

} // namespace

void drawPlainViews(const Picture &picture)
{
    heatmaps(picture);
    attention(picture);
    plots(picture);
    edgeGraphs(picture);
}

} // namespace patchbay
