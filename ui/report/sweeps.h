// Sweeps over heads as the report's first page looks at them: effects, their noise, and the same from half of the
// prompts.
#pragma once

#include "report/report_source.h"

#include <QVector>

namespace patchbay {

/// A sweep over heads that a step made by patching.
struct Sweep {
    const ReportStep *step = nullptr;
    const Grid *grid = nullptr;
};

/// Of the steps that have one sweep over layers and heads, in their order. They point into the source.
QVector<Sweep> sweepsOf(const ReportSource &source);

/// As normalised() gives them, [cells]; NaN where missing.
QVector<double> effectsOf(const Sweep &sweep);
/// The same from every other prompt alone: those counted even (0) or odd (1), from 0.
QVector<double> halfEffects(const Sweep &sweep, int odd);
/// Of a cell's 95 % interval; 0 for what is not exact.
double halfWidth(const Sweep &sweep, int cell);
/// Cells by the size of their effect, strongest first; those without a number are left out.
QVector<int> byStrength(const QVector<double> &effects);
/// Pearson's, over the places where both are numbers; NaN where one does not vary.
double correlation(const QVector<double> &a, const QVector<double> &b);

} // namespace patchbay
