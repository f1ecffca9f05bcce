// Lines, and bands, over the steps of a training, one of which is missing.
#pragma once

#include "views.h"

#include <cmath>
#include <limits>

namespace samples {

using namespace patchbay::widgets;

inline LinesView lines(bool stacked = false)
{
    LinesView view;
    view.title = stacked ? QStringLiteral("Heads with a role") : QStringLiteral("The strongest heads");
    view.xLabel = QStringLiteral("Step of training");
    view.yLabel = stacked ? QStringLiteral("Heads") : QStringLiteral("Output (z) (% of gap)");
    view.unit = stacked ? QString() : QStringLiteral("%");
    view.stacked = stacked;
    for (const double x : {0., 50., 100., 150., 200., 300., 400., 600., 900.}) {
        view.x << x;
        view.names << QStringLiteral("step%1").arg(x);
        view.gaps << (x == 200 ? QStringLiteral("model.safetensors is damaged") : QString());
    }
    const QStringList roles{QStringLiteral("name mover"), QStringLiteral("S-inhibition"), QStringLiteral("induction")};
    for (int i = 0; i < (stacked ? 3 : 6); ++i) {
        Line line{stacked ? HeadId{} : HeadId{i, 7 - i}, stacked ? roles[i] : label(HeadId{i, 7 - i}), {}, {}, {}};
        for (int step = 0; step < view.x.size(); ++step) {
            const double grown = 1 / (1 + std::exp(1.4 * (3 + 0.5 * i - step)));
            const double value = stacked ? std::floor(4 * grown) : (i % 3 == 2 ? -1 : 1) * (34 - 4 * i) * grown;
            line.values << (step == 4 ? std::numeric_limits<double>::quiet_NaN() : value);
            line.halfWidth << (stacked ? 0 : 0.5 + std::abs(value) * 0.12);
        }
        if (stacked)
            line.halfWidth.clear();
        view.lines << line;
    }
    view.current = 6;
    return view;
}

} // namespace samples
