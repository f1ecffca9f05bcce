// Colour maps as exact functions value → colour, shared by interactive widgets and printed figures.
#pragma once

#include "views.h"

#include <QColor>
#include <QVector>

#include <utility>

namespace patchbay::widgets {

/// Colour at t. Diverging maps (RdBu, PuOr): t in [-1, 1], white at 0, blue / purple positive, red / orange negative.
/// Viridis: t in [0, 1]. Values outside are clamped; NaN gives a transparent colour. Always opaque otherwise.
QRgb colourAt(ColourMap map, double t);

/// Colour of a value on a scale from -limit to +limit (diverging) or 0 to limit (Viridis); limit ≤ 0 counts as 1.
QColor colourOf(ColourMap map, double value, double limit);

/// The same on screen, where nothing has the colour of the ground: on dark grounds strength is lightness, so that zero
/// is quiet and not glaring.
QColor colourOn(const QColor &ground, ColourMap map, double value, double limit);

/// Colour of an attention weight: weight 0 … 1 from `zero` (the background) to a strong blue that stands out against
/// it. Differences run from -1 (red) through `zero` to +1 (blue).
QRgb attentionColour(double weight, bool difference, QColor zero = Qt::white);

/// Black or white, whichever is more readable on the background (WCAG relative luminance).
QColor textOn(QColor background);

/// a + (b − a)·t per channel, t in [0, 1].
QColor mixed(QColor a, QColor b, double t);

/// The largest |value| of all facets that is a number, or 0.
double largestMagnitude(const HeatmapView &view);

/// The limit in use: view.limit where given, else the data's largest magnitude rounded up to two friendly digits
/// (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 × 10^k), so that the scale stays put while cells arrive. Never 0.
double colourLimit(const HeatmapView &view);

/// Where a scale of colours begins and ends: −limit … limit, without the side on which no value lies. Viridis begins at
/// 0. While cells are still missing both sides are there, so that the scale does not jump.
std::pair<double, double> colourEnds(const HeatmapView &view, ColourMap map, double limit);

} // namespace patchbay::widgets
