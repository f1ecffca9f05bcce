// Made-up but lifelike view structs for the widget tests and their pictures.
#pragma once

#include "views.h"

#include <cmath>
#include <limits>
#include <random>

namespace samples {
using namespace patchbay::widgets;

/// A facet with a few strong heads over small noise. done: share of cells that are exact; the next tenth are estimates.
inline HeatmapFacet facet(const QString &title, int rows, int columns, unsigned seed, double done = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<double> noise(0, 0.8);
    HeatmapFacet facet;
    facet.title = title;
    facet.rows = rows;
    facet.columns = columns;
    const int cells = rows * columns;
    for (int i = 0; i < cells; ++i) {
        double value = noise(random);
        if (random() % 29 == 0 && i / columns >= rows / 3)
            value += 26 * noise(random) * 0.6;
        const bool missing = i >= cells * (done + 0.1) && done < 1;
        facet.values.append(missing ? std::numeric_limits<double>::quiet_NaN() : value);
        facet.states.append(missing ? CellState::Missing : i < cells * done ? CellState::Exact : CellState::Estimated);
        facet.halfWidth.append(missing ? 0 : 0.3 + 0.1 * std::abs(value));
    }
    return facet;
}

inline HeatmapView heatmap(int facets, int rows, int columns, double done = 1)
{
    static const char *titles[] = {"Output (z)", "Query (q)", "Key (k)", "Value (v)", "Pattern", "Result"};
    HeatmapView view;
    view.title = "Activation patching (denoising)";
    view.colourLabel = "Logit diff variation";
    for (int i = 0; i < facets; ++i)
        view.facets.append(facet(titles[i % 6], rows, columns, 7 + i, done));
    return view;
}

/// Tokens of an IOI sentence, repeated up to `size`.
inline QStringList tokens(int size)
{
    static const QStringList sentence{"Then",   ",", " Mary", " and",  " John", " went",  " to", " the",
                                      " store", ".", " John", " gave", " a",    " drink", " to"};
    QStringList result;
    for (int i = 0; i < size; ++i)
        result.append(sentence[i % sentence.size()]);
    return result;
}

inline AttentionView attention(int size, unsigned seed = 3, bool difference = false)
{
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(0, 1);
    AttentionView view;
    view.head = {9, 6};
    view.title = "L9H6, clean run";
    view.size = size;
    view.tokens = tokens(size);
    view.difference = difference;
    view.weights.fill(0, qsizetype(size) * size);
    view.roles.resize(size);
    if (size >= 15) {
        view.roles[2] = "IO";
        view.roles[4] = "S1";
        view.roles[10] = "S2";
        view.roles[size - 1] = "END";
    }
    for (int row = 0; row < size; ++row) {
        float sum = 0;
        for (int column = 0; column <= row; ++column) {
            float weight = std::pow(uniform(random), 9.0f) + (column == 0 ? 0.6f : 0.0f)
                + (column == 2 && row == size - 1 ? 1.5f : 0.0f);
            if (difference)
                weight *= uniform(random) < 0.5f ? -1.0f : 1.0f;
            view.weights[qsizetype(row) * size + column] = weight;
            sum += std::abs(weight);
        }
        for (int column = 0; column <= row && sum > 0; ++column)
            view.weights[qsizetype(row) * size + column] /= sum;
    }
    return view;
}

/// One point a head: most near the origin, a few far out.
inline ScatterView scatter(int heads)
{
    std::mt19937 random(11);
    std::normal_distribution<double> noise(0, 0.7);
    ScatterView view;
    view.title = "Output against attention (denoising)";
    view.xLabel = "Effect of pattern (%)";
    view.yLabel = "Effect of output z (%)";
    for (int i = 0; i < heads; ++i) {
        const bool strong = i % 29 == 17;
        view.points.append({{i / 12, i % 12},
                            label(HeadId{i / 12, i % 12}),
                            (strong ? 12 : 1) * noise(random),
                            (strong ? 16 : 1) * noise(random),
                            0});
    }
    return view;
}

/// Two series of prompts of one head.
inline ScatterView contribution(int prompts)
{
    std::mt19937 random(5);
    std::normal_distribution<double> noise(0, 1);
    ScatterView view;
    view.title = "Attention and contribution of L9H6";
    view.xLabel = "Attention from END";
    view.yLabel = "Contribution to the name's logit";
    view.series = {QString::fromUtf8("END→IO"), QString::fromUtf8("END→S")};
    for (int i = 0; i < prompts; ++i) {
        for (int series : {0, 1}) {
            const double x = std::abs(series ? 0.15 * noise(random) : 0.6 + 0.15 * noise(random));
            view.points.append({{9, 6}, QString("Prompt %1").arg(i + 1), x, 8 * x + noise(random), series});
        }
    }
    return view;
}

inline BarsView bars(int count)
{
    BarsView view;
    view.title = "Strongest heads";
    view.valueLabel = "Logit diff variation (%)";
    for (int i = 0; i < count; ++i) {
        const double value = (i % 4 == 2 ? -1 : 1) * 34.0 / (1 + i);
        view.bars.append(
            {{9 - i % 4, (i * 5) % 12}, label(HeadId{9 - i % 4, (i * 5) % 12}), value, 0.6 + std::abs(value) * 0.08});
    }
    view.totalText = QString("Total of %1 heads: 61.3 %").arg(count);
    return view;
}

/// A circuit like the one of the indirect object task.
inline GraphView graph()
{
    GraphView view;
    view.title = "Circuit";
    view.layers = 12;
    view.nodes = {{{2, 2}, "previous token"}, {{3, 0}, "duplicate"},    {{5, 5}, "induction"},
                  {{6, 9}, "induction"},      {{7, 3}, "S-inhibition"}, {{7, 9}, "S-inhibition"},
                  {{8, 6}, "S-inhibition"},   {{9, 6}, "name mover"},   {{9, 9}, "name mover"},
                  {{10, 0}, "name mover"},    {{10, 7}, "negative"}};
    view.edges = {
        {{2, 2}, {5, 5}, "k", 4}, {{2, 2}, {6, 9}, "k", 2.5}, {{3, 0}, {7, 3}, "v", 3},  {{3, 0}, {8, 6}, "v", 1.2},
        {{5, 5}, {8, 6}, "v", 6}, {{6, 9}, {7, 9}, "v", 3.2}, {{7, 3}, {9, 9}, "q", 9},  {{7, 9}, {9, 9}, "q", 7},
        {{8, 6}, {9, 6}, "q", 8}, {{8, 6}, {9, 9}, "q", 12},  {{8, 6}, {10, 0}, "q", 5}, {{8, 6}, {10, 7}, "q", -4},
        {{9, 6}, {}, "", 14},     {{9, 9}, {}, "", 22},       {{10, 0}, {}, "", 9},      {{10, 7}, {}, "", -17}};
    return view;
}

} // namespace samples
