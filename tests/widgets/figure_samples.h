// Views of every kind with seeded numbers, as large as those of a 12-layer model.
#pragma once

#include "figure/figure.h"

#include <cmath>
#include <random>

namespace samples {

using namespace patchbay::widgets;

inline HeatmapView heatmap(int facets = 1, int layers = 12, int heads = 12)
{
    const QStringList titles{QStringLiteral("Output (z)"), QStringLiteral("Query (q)"), QStringLiteral("Key (k)"), QStringLiteral("Value (v)"), QStringLiteral("Pattern")};
    std::mt19937 random(7);
    std::normal_distribution<double> small(0, 1.5);
    HeatmapView view;
    view.title = facets > 1 ? QStringLiteral("Activation patching of z, q, k, v, pattern, denoising (flipped \u2192 clean)")
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
        facet.values[layers * heads * 2 / 3 + 1] = 46.5 / (f + 1);
        facet.values[layers * heads * 3 / 4] = 31.25 / (f + 1);
        facet.values[layers * heads - 3] = -38.75 / (f + 1);
        view.facets << facet;
    }
    return view;
}

inline AttentionView attention()
{
    const QStringList tokens{QStringLiteral("When"), QStringLiteral(" Mary"), QStringLiteral(" and"), QStringLiteral(" John"), QStringLiteral(" went"), QStringLiteral(" to"),
                             QStringLiteral(" the"), QStringLiteral(" store"), QStringLiteral(","), QStringLiteral(" John"), QStringLiteral(" gave"), QStringLiteral(" a"),
                             QStringLiteral(" drink"), QStringLiteral(" to")};
    AttentionView view;
    view.head = {9, 6};
    view.title = QStringLiteral("L9H6, prompt 3, clean run");
    view.tokens = tokens;
    view.size = int(tokens.size());
    for (int i = 0; i < view.size; ++i)
        view.roles << (i == 1 ? QStringLiteral("IO") : i == 3 ? QStringLiteral("S1") : i == 9 ? QStringLiteral("S2") : i + 1 == view.size ? QStringLiteral("END") : QString());
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
        view.points << ScatterPoint{{}, {}, a, 5 * a + uniform(random), 0} << ScatterPoint{{}, {}, (1 - a) * 0.3, uniform(random), 1};
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
    view.columns = QStringList{QStringLiteral("Head"), QStringLiteral("Role"), QStringLiteral("Effect (%)"), QStringLiteral("Evidence")};
    view.rows = {{QStringLiteral("L9H6"), QStringLiteral("Name mover"), QStringLiteral("+46.5"), QStringLiteral("direct effect 46.5 %, END \u2192 IO attention 0.82, copy score 100 %")},
                 {QStringLiteral("L8H1"), QStringLiteral("S-inhibition"), QStringLiteral("+31.3"), QStringLiteral("END \u2192 S2 attention 0.71, lowers the name movers\u2019 queries")},
                 {QStringLiteral("L10H7"), QStringLiteral("Negative name mover"), QStringLiteral("\u221238.8"), QStringLiteral("negative copy score 98 %")}};
    return view;
}

inline GraphView graph()
{
    GraphView view;
    view.title = QStringLiteral("The circuit");
    view.nodes = {{{3, 0}, QStringLiteral("Duplicate token")}, {{5, 5}, QStringLiteral("Induction")}, {{7, 3}, QStringLiteral("S-inhibition")}, {{8, 6}, QStringLiteral("S-inhibition")},
                  {{8, 10}, QStringLiteral("S-inhibition")}, {{9, 6}, QStringLiteral("Name mover")}, {{9, 9}, QStringLiteral("Name mover")}, {{10, 7}, QStringLiteral("Negative n. m.")}};
    view.edges = {{{9, 6}, {}, {}, 46.5}, {{9, 9}, {}, {}, 31}, {{10, 7}, {}, {}, -38}, {{8, 6}, {9, 6}, QStringLiteral("q"), 14}, {{8, 10}, {9, 9}, QStringLiteral("q"), 11},
                  {{7, 3}, {9, 6}, QStringLiteral("q"), 8}, {{3, 0}, {8, 6}, QStringLiteral("v"), 6}, {{5, 5}, {8, 6}, QStringLiteral("v"), 4}, {{5, 5}, {8, 10}, QStringLiteral("k"), -3}};
    view.layers = 12;
    return view;
}

inline QVector<std::pair<QString, FigureContent>> all()
{
    return {{QStringLiteral("heatmap"), heatmap()}, {QStringLiteral("facets"), heatmap(5)}, {QStringLiteral("attention"), attention()}, {QStringLiteral("scatter"), scatter()},
            {QStringLiteral("contribution"), contribution()}, {QStringLiteral("bars"), bars()}, {QStringLiteral("table"), table()}, {QStringLiteral("graph"), graph()}};
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
    return {QStringLiteral("Activation patching of z, denoising"), QStringLiteral("Caption with <brackets> & an ampersand."),
            R"({"version":1,"method":"act_patch","model":{"path":"a \"quoted\" & <odd> folder","sha256":""},"sites":["z"]})", QStringLiteral("Patchbay 0.1.0"),
            QStringLiteral("0123abcd")};
}

} // namespace samples
