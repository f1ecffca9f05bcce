#include "report/sweeps.h"

#include <algorithm>
#include <cmath>

namespace patchbay {

QVector<Sweep> sweepsOf(const ReportSource &source)
{
    QVector<Sweep> sweeps;
    for (const ReportStep &step : source.steps) {
        if (step.kind != "run" || !step.done() || !step.result || step.result->spec.is<Analysis>())
            continue;
        const auto grid = std::find_if(step.result->grids.begin(), step.result->grids.end(), [](const Grid &one) {
            return one.axes == std::vector<std::string>{"layer", "head"};
        });
        if (grid != step.result->grids.end() && step.result->grids.size() == 1)
            sweeps << Sweep{&step, &*grid};
    }
    return sweeps;
}

QVector<int> byStrength(const QVector<double> &effects)
{
    QVector<int> order;
    for (int cell = 0; cell < effects.size(); ++cell)
        if (std::isfinite(effects[cell]))
            order << cell;
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return std::abs(effects[a]) > std::abs(effects[b]); });
    return order;
}

QVector<double> effectsOf(const Sweep &sweep)
{
    QVector<double> effects;
    for (int cell = 0; cell < sweep.grid->cells(); ++cell)
        effects << normalised(*sweep.grid, cell, sweep.step->result->baseline);
    return effects;
}

QVector<double> halfEffects(const Sweep &sweep, int odd)
{
    QVector<double> effects;
    for (int cell = 0; cell < sweep.grid->cells(); ++cell) {
        double sum = 0;
        int count = 0;
        for (int prompt = odd; prompt < sweep.grid->prompts; prompt += 2, ++count)
            sum += normalised(*sweep.grid, cell, prompt, sweep.step->result->baseline);
        effects << sum / std::max(1, count);
    }
    return effects;
}

double halfWidth(const Sweep &sweep, int cell)
{
    return sweep.grid->state[size_t(cell)] == CellState::Exact
        ? bootstrap_half_width(*sweep.grid, cell, sweep.step->result->baseline)
        : 0;
}

double correlation(const QVector<double> &a, const QVector<double> &b)
{
    double meanA = 0, meanB = 0, count = 0;
    const auto each = [&](auto what) {
        for (qsizetype i = 0; i < a.size(); ++i)
            if (std::isfinite(a[i]) && std::isfinite(b[i]))
                what(a[i], b[i]);
    };
    each([&](double x, double y) { meanA += x, meanB += y, ++count; });
    meanA /= std::max(1.0, count);
    meanB /= std::max(1.0, count);
    double both = 0, first = 0, second = 0;
    each([&](double x, double y) {
        both += (x - meanA) * (y - meanB);
        first += (x - meanA) * (x - meanA);
        second += (y - meanB) * (y - meanB);
    });
    return first > 0 && second > 0 ? both / std::sqrt(first * second) : std::nan("");
}

} // namespace patchbay
