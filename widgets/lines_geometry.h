// Where the lines and bands over the steps of a series lie, without a window: shared by the widget and the figure.
#pragma once

#include "views.h"

namespace patchbay::widgets {

/// Where each step lies on its axis: its number, or its logarithm, with what is not above zero before the others.
QVector<double> stepPlaces(const LinesView &view);
/// From where to where a step reaches in bands: half of the way to its neighbours. [steps + 1] edges.
QVector<double> stepEdges(const LinesView &view);

struct StepTick {
    double at = 0; ///< a place
    QString text;  ///< the number there
};
/// At most `most` ticks between two places, at round numbers; by logarithm at powers of ten, or their halves and
/// fifths.
QVector<StepTick> stepTicks(const LinesView &view, double from, double to, int most);

/// [lines] [steps] the upper edges of bands, each on top of those before it; NaN at steps without any value.
QVector<QVector<double>> bandTops(const LinesView &view);

/// All ends of what is drawn, intervals included: what an axis has to hold.
QVector<double> valueEnds(const LinesView &view);
/// The last step at which a line has a value, -1: none.
int lastStep(const Line &line);
/// Places of labels that want to be at these heights, moved apart so that none is nearer than `each` to the next,
/// within from … to as far as they fit.
QVector<double> spread(const QVector<double> &wanted, double each, double from, double to);

/// "L2H1  +23.4 % ±1.2 at step100"; of a gap its reason.
QString lineReadout(const LinesView &view, int line, int step);

} // namespace patchbay::widgets
