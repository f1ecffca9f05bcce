// Views of every kind with seeded numbers, as large as those of a 12-layer model.
#pragma once

#include "figure/figure.h"
#include "widgets/lines_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace samples {

using namespace patchbay::widgets;

inline HeatmapView heatmap(int facets = 1, int layers = 12, int heads = 12)
{
    const QStringList titles{QStringLiteral("Output (z)"), QStringLiteral("Query (q)"), QStringLiteral("Key (k)"),
                             QStringLiteral("Value (v)"), QStringLiteral("Pattern")};
    std::mt19937 random(7);
    std::normal_distribution<double> small(0, 1.5);
    HeatmapView view;
    view.title = facets > 1
        ? QStringLiteral("Activation patching of z, q, k, v, pattern, denoising (flipped \u2192 clean)")
        : QStringLiteral("Activation patching of z, denoising (flipped \u2192 clean)");
    view.colourLabel = QStringLiteral("Logit diff variation");
    for (int f = 0; f < facets; ++f) {
        HeatmapFacet facet;
        facet.title = facets > 1 ? titles.value(f, QStringLiteral("Site %1").arg(f)) : QString();
        facet.rows = layers;
        facet.columns = heads;
        for (int i = 0; i < layers * heads; ++i) {
            facet.values << small(random);
            facet.states << CellState::Exact;
        }
        const int last = layers * heads - 1;
        facet.values[std::min(last, layers * heads * 2 / 3 + 1)] = 46.5 / (f + 1);
        facet.values[layers * heads * 3 / 4] = 31.25 / (f + 1);
        facet.values[std::max(0, last - 2)] = -38.75 / (f + 1);
        view.facets << facet;
    }
    return view;
}

inline AttentionView attention()
{
    const QStringList tokens{QStringLiteral("When"),   QStringLiteral(" Mary"),  QStringLiteral(" and"),
                             QStringLiteral(" John"),  QStringLiteral(" went"),  QStringLiteral(" to"),
                             QStringLiteral(" the"),   QStringLiteral(" store"), QStringLiteral(","),
                             QStringLiteral(" John"),  QStringLiteral(" gave"),  QStringLiteral(" a"),
                             QStringLiteral(" drink"), QStringLiteral(" to")};
    AttentionView view;
    view.head = {9, 6};
    view.title = QStringLiteral("L9H6, prompt 3, clean run");
    view.tokens = tokens;
    view.size = int(tokens.size());
    for (int i = 0; i < view.size; ++i)
        view.roles << (i == 1                   ? QStringLiteral("IO")
                           : i == 3             ? QStringLiteral("S1")
                           : i == 9             ? QStringLiteral("S2")
                           : i + 1 == view.size ? QStringLiteral("END")
                                                : QString());
    std::mt19937 random(3);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int row = 0; row < view.size; ++row) {
        QVector<double> weights;
        double sum = 0;
        for (int column = 0; column <= row; ++column) {
            weights << std::pow(uniform(random), 6) + (column == 1 && row == 13 ? 3 : column == 0 ? 0.4 : 0);
            sum += weights.back();
        }
        for (int column = 0; column < view.size; ++column)
            view.weights << float(column <= row ? weights[column] / sum : 0);
    }
    return view;
}

inline ScatterView scatter()
{
    ScatterView view;
    view.title = QStringLiteral("Output against pattern patching, denoising");
    view.xLabel = QStringLiteral("Pattern (% of gap)");
    view.yLabel = QStringLiteral("Output (z) (% of gap)");
    std::mt19937 random(5);
    std::normal_distribution<double> small(0, 1.5);
    for (int i = 0; i < 144; ++i) {
        const double x = small(random) * (i % 17 == 0 ? 8 : 1);
        view.points << ScatterPoint{{i / 12, i % 12}, label(HeadId{i / 12, i % 12}), x, x + small(random), 0};
    }
    return view;
}

inline ScatterView contribution()
{
    ScatterView view;
    view.title = QStringLiteral("L9H6: attention against contribution");
    view.xLabel = QStringLiteral("Attention from END");
    view.yLabel = QStringLiteral("Contribution along the name (logits)");
    view.series = {QStringLiteral("END \u2192 IO"), QStringLiteral("END \u2192 S")};
    std::mt19937 random(9);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int i = 0; i < 70; ++i) {
        const double a = uniform(random);
        view.points << ScatterPoint{{}, {}, a, 5 * a + uniform(random), 0}
                    << ScatterPoint{{}, {}, (1 - a) * 0.3, uniform(random), 1};
    }
    return view;
}

inline BarsView bars()
{
    BarsView view;
    view.title = QStringLiteral("Strongest heads, path patching into the final residual");
    view.valueLabel = QStringLiteral("Logit diff variation (% of gap)");
    const double values[] = {46.5, -38.8, 31.3, 22.1, -12.9, 11.2, 9.8, 8.1, 7.7, -6.9, 5.4, 4.4, 3.3, 2.2, -1.1};
    int i = 0;
    for (const double value : values) {
        const HeadId head{11 - i / 3, (i * 5) % 12};
        view.bars << Bar{head, label(head), value, 1.0 + 0.1 * i};
        ++i;
    }
    view.totalText = QStringLiteral("Total of 15 heads: 91.3 %");
    return view;
}

inline TableView table()
{
    TableView view;
    view.title = QStringLiteral("Heads and roles");
    view.columns = QStringList{QStringLiteral("Head"), QStringLiteral("Role"), QStringLiteral("Effect (%)"),
                               QStringLiteral("Evidence")};
    view.rows = {{QStringLiteral("L9H6"), QStringLiteral("Name mover"), QStringLiteral("+46.5"),
                  QStringLiteral("direct effect 46.5 %, END \u2192 IO attention 0.82, copy score 100 %")},
                 {QStringLiteral("L8H1"), QStringLiteral("S-inhibition"), QStringLiteral("+31.3"),
                  QStringLiteral("END \u2192 S2 attention 0.71, lowers the name movers\u2019 queries")},
                 {QStringLiteral("L10H7"), QStringLiteral("Negative name mover"), QStringLiteral("\u221238.8"),
                  QStringLiteral("negative copy score 98 %")}};
    return view;
}

inline GraphView graph()
{
    GraphView view;
    view.title = QStringLiteral("The circuit");
    view.nodes = {{{3, 0}, QStringLiteral("Duplicate token")}, {{5, 5}, QStringLiteral("Induction")},
                  {{7, 3}, QStringLiteral("S-inhibition")},    {{8, 6}, QStringLiteral("S-inhibition")},
                  {{8, 10}, QStringLiteral("S-inhibition")},   {{9, 6}, QStringLiteral("Name mover")},
                  {{9, 9}, QStringLiteral("Name mover")},      {{10, 7}, QStringLiteral("Negative n. m.")}};
    view.edges = {{{9, 6}, {}, {}, 46.5},
                  {{9, 9}, {}, {}, 31},
                  {{10, 7}, {}, {}, -38},
                  {{8, 6}, {9, 6}, QStringLiteral("q"), 14},
                  {{8, 10}, {9, 9}, QStringLiteral("q"), 11},
                  {{7, 3}, {9, 6}, QStringLiteral("q"), 8},
                  {{3, 0}, {8, 6}, QStringLiteral("v"), 6},
                  {{5, 5}, {8, 6}, QStringLiteral("v"), 4},
                  {{5, 5}, {8, 10}, QStringLiteral("k"), -3}};
    view.layers = 12;
    return view;
}

/// Views at the edge of what there is: one of everything, nothing at all, and numbers that are none.
inline QVector<std::pair<QString, FigureContent>> odd()
{
    const double nan = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();
    HeatmapView named = heatmap(3, 1, 4);
    named.colourLabel = QStringLiteral("Estimated logit diff variation");
    named.unit = QStringLiteral("logits");
    named.facets[0].title = QStringLiteral("Through the name movers\u2019 queries");
    HeatmapView noCells = heatmap(1, 3, 4), noFacets = heatmap(), undefined = heatmap(2, 2, 4),
                nothing = heatmap(1, 2, 4), partly = heatmap(1, 6, 8);
    noCells.facets[0] = {};
    noFacets.facets.clear();
    for (HeatmapFacet &facet : undefined.facets)
        facet.values.fill(nan);
    nothing.facets[0].values = {nan, infinite}; // fewer than cells
    nothing.facets[0].states.clear();
    partly.facets[0].values[3] = infinite;
    partly.facets[0].values[5] = -infinite;
    partly.facets[0].values[7] = nan;
    partly.facets[0].states[7] = CellState::Missing;
    partly.facets[0].states[9] = CellState::Estimated;
    partly.facets[0].halfWidth.fill(infinite, 48);

    AttentionView one = attention(), none = attention(), holes = attention(), longToken = attention(), many;
    one.size = 1;
    one.tokens = {QStringLiteral("Hi")};
    one.roles = {QStringLiteral("END")};
    one.weights = {1};
    none.size = 0;
    none.weights.clear();
    none.tokens.clear();
    none.roles.clear();
    holes.weights[0] = float(nan);
    holes.weights[20] = float(infinite);
    holes.weights.resize(150);
    longToken.tokens[4] = QString(300, QLatin1Char('x'));
    longToken.tokens[5] = QStringLiteral(" \u6771\u4eac\u2039");
    many.title = QStringLiteral("300 tokens");
    many.size = 300;
    for (int i = 0; i < 300; ++i)
        many.tokens << QStringLiteral(" t%1").arg(i);
    many.weights.fill(0, 300 * 300);
    for (int i = 0; i < 300; ++i)
        many.weights[i * 301] = 1;

    ScatterView noPoints = scatter(), onePoint = scatter(), lostPoints = scatter();
    noPoints.points.clear();
    onePoint.points.resize(1);
    lostPoints.points[3].x = nan;
    lostPoints.points[4].y = infinite;
    BarsView noBars = bars(), oneBar = bars(), lostBars = bars();
    noBars.bars.clear();
    oneBar.bars.resize(1);
    lostBars.bars[0].value = -infinite;
    lostBars.bars[1].halfWidth = infinite;
    lostBars.bars[2].value = nan;
    GraphView noEdges = graph(), lostEdges = graph(), noGraph;
    noEdges.edges.clear();
    lostEdges.unit = QStringLiteral("logits");
    for (int i = 0; i < 5; ++i)
        lostEdges.edges[i].effect = i % 2 ? nan : infinite;
    LinesView noLines, oneStep = lines(), lostLines = lines(), lostBands = lines(true), negative = lines();
    oneStep.x = {0};
    lostLines.x[1] = nan;
    lostLines.logarithmic = true;
    lostLines.lines[0].values[3] = infinite;
    lostLines.lines[1].halfWidth[3] = nan;
    lostLines.lines[2].values.clear();
    lostBands.lines[1].values.resize(2);
    negative.logarithmic = true;
    for (double &x : negative.x)
        x = -x - 1;
    std::reverse(negative.x.begin(), negative.x.end());
    TableView noRows = table(), noTable;
    noRows.rows.clear();
    return {{QStringLiteral("one layer"), heatmap(1, 1, 4)},
            {QStringLiteral("two layers"), heatmap(1, 2, 4)},
            {QStringLiteral("one head"), heatmap(1, 3, 1)},
            {QStringLiteral("one layer, many heads"), heatmap(1, 1, 32)},
            {QStringLiteral("facets of one layer"), heatmap(5, 1, 4)},
            {QStringLiteral("facets of one head"), heatmap(5, 3, 1)},
            {QStringLiteral("long names"), named},
            {QStringLiteral("no cells"), noCells},
            {QStringLiteral("no facets"), noFacets},
            {QStringLiteral("undefined"), undefined},
            {QStringLiteral("nothing"), nothing},
            {QStringLiteral("partly undefined"), partly},
            {QStringLiteral("one token"), one},
            {QStringLiteral("no tokens"), none},
            {QStringLiteral("holes in attention"), holes},
            {QStringLiteral("long token"), longToken},
            {QStringLiteral("300 tokens"), many},
            {QStringLiteral("no points"), noPoints},
            {QStringLiteral("one point"), onePoint},
            {QStringLiteral("lost points"), lostPoints},
            {QStringLiteral("no bars"), noBars},
            {QStringLiteral("one bar"), oneBar},
            {QStringLiteral("lost bars"), lostBars},
            {QStringLiteral("no edges"), noEdges},
            {QStringLiteral("lost edges"), lostEdges},
            {QStringLiteral("no graph"), noGraph},
            {QStringLiteral("no lines"), noLines},
            {QStringLiteral("one step"), oneStep},
            {QStringLiteral("lost lines"), lostLines},
            {QStringLiteral("lost bands"), lostBands},
            {QStringLiteral("steps below zero"), negative},
            {QStringLiteral("no rows"), noRows},
            {QStringLiteral("no table"), noTable}};
}

inline QVector<std::pair<QString, FigureContent>> all()
{
    return {{QStringLiteral("heatmap"), heatmap()},
            {QStringLiteral("facets"), heatmap(5)},
            {QStringLiteral("attention"), attention()},
            {QStringLiteral("scatter"), scatter()},
            {QStringLiteral("contribution"), contribution()},
            {QStringLiteral("lines"), lines()},
            {QStringLiteral("bands"), lines(true)},
            {QStringLiteral("bars"), bars()},
            {QStringLiteral("table"), table()},
            {QStringLiteral("graph"), graph()}};
}

inline FigureSheet sheetOf(const FigureContent &content, double width = 85)
{
    FigureSheet sheet;
    sheet.spec.width = width;
    sheet.panels = {content};
    return sheet;
}

inline FigureMetadata metadata()
{
    return {
        QStringLiteral("Activation patching of z, denoising"),
        QStringLiteral("Caption with <brackets> & an ampersand."),
        R"({"version":1,"method":"act_patch","model":{"path":"a \"quoted\" & <odd> folder","sha256":""},"sites":["z"]})",
        QStringLiteral("Patchbay 0.1.0"), QStringLiteral("0123abcd")};
}

} // namespace samples
