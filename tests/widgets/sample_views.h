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
    static const QStringList sentence{"Then", ",", " Mary", " and", " John", " went", " to", " the", " store", ".",
                                      " John", " gave", " a", " drink", " to"};
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
            float weight = std::pow(uniform(random), 9.0f) + (column == 0 ? 0.6f : 0.0f) + (column == 2 && row == size - 1 ? 1.5f : 0.0f);
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

} // namespace samples
