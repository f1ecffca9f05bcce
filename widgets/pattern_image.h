// Attention weights as pixels: any part of a pattern at any size, straight into an image.
#pragma once

#include <QImage>
#include <QRectF>
#include <QVector>

namespace patchbay::widgets {

/// How weights become colours.
struct PatternColours {
    double maximum = 1;      ///< weight of the strongest colour
    bool difference = false; ///< diverging, from -maximum to +maximum
    QColor zero = Qt::white; ///< the ground
};

/// Draws `cells` (left, top, width, height in cells; fractions allowed) of weights [size, size] into `pixels` device
/// pixels. Where several cells share a pixel the one of largest magnitude shows, so that thin stripes never vanish.
/// Pixels outside the matrix get the ground colour.
QImage renderPattern(const QVector<float> &weights, int size, const QRectF &cells, QSize pixels,
                     const PatternColours &colours);

/// A friendly upper end for the colours of these weights: 0.1, 0.2, 0.5, 1, 2, 5 … ≥ the largest magnitude; for long
/// texts (more than 64 tokens) it leaves out the few strongest cells of a row, which may be all that is seen otherwise.
double patternMaximum(const QVector<float> &weights);
/// The largest |weight| that is a number.
double largestWeight(const QVector<float> &weights);

} // namespace patchbay::widgets
