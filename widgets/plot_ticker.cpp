#include "plot_ticker.h"

#include "view_text.h"

#include <cmath>

namespace patchbay::widgets {

double PlotTicker::getTickStep(const QCPRange &range)
{
    setTickCount(m_most);
    // The steps (1, 2, 2.5, 5 × 10^k) lie further apart than a factor of 1.2: none is passed over on the way to coarser
    // ones.
    for (double span = range.size() / 4;; span *= 1.2) {
        m_step = QCPAxisTicker::getTickStep(QCPRange(0, span));
        if (std::floor(range.upper / m_step + 1e-9) - std::ceil(range.lower / m_step - 1e-9) + 1 <= m_most)
            return m_step;
    }
}

QString PlotTicker::getTickLabel(double tick, const QLocale &, QChar, int)
{
    return tickText(tick, tickDecimals(m_step));
}

QVector<double> niceTicks(double from, double to, int count)
{
    QVector<double> ticks;
    if (!(to > from) || !std::isfinite(from) || !std::isfinite(to) || count < 1)
        return ticks;
    PlotTicker ticker;
    ticker.setMost(count);
    // A tick at an end of the range is inside, however the division rounds.
    const double slack = (to - from) / count * 1e-9;
    ticker.generate(QCPRange(from - slack, to + slack), QLocale::c(), QLatin1Char('f'), 0, ticks, nullptr, nullptr);
    return ticks;
}

} // namespace patchbay::widgets
