// Values per prompt of the engine against those of the slow reference.
#pragma once

#include <QString>

#include <cmath>
#include <span>
#include <vector>

/// What is wrong; empty: they agree.
inline QString apart(std::span<const float> fast, const std::vector<double> &slow)
{
    for (size_t p = 0; p < slow.size(); ++p)
        if (!(std::abs(double(fast[p]) - slow[p]) <= 2e-4 * (1 + std::abs(slow[p]))))
            return QStringLiteral("prompt %1: engine %2, definition %3").arg(p).arg(double(fast[p])).arg(slow[p]);
    return {};
}
