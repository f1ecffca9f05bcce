// Times of a benchmark of the window.
#pragma once

#include <QElapsedTimer>
#include <QVector>

#include <algorithm>
#include <cstdio>

namespace patchbay {

/// Milliseconds since it was started.
inline double elapsed(const QElapsedTimer &clock)
{
    return double(clock.nsecsElapsed()) / 1e6;
}

/// A line with the median and the 95th percentile; none of nothing.
inline void report(const char *what, QVector<double> ms)
{
    if (ms.isEmpty())
        return;
    std::sort(ms.begin(), ms.end());
    std::printf("%-52s median %7.2f ms   p95 %7.2f ms   of %lld\n", what, ms[ms.size() / 2],
                ms[std::min(ms.size() - 1, ms.size() * 95 / 100)], static_cast<long long>(ms.size()));
}

} // namespace patchbay
