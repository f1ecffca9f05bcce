// Ticks at round numbers for QCustomPlot's axes. Private to the sources of this folder: qcustomplot.h uses the bare
// words signals and slots.
#pragma once

#include <qcustomplot.h>

namespace patchbay::widgets {

/// QCustomPlot comes near to a number of ticks; here that number is the most there may be, and labels are as everywhere
/// in the views.
class PlotTicker : public QCPAxisTicker {
public:
    void setMost(int count) { m_most = count; }

protected:
    double getTickStep(const QCPRange &range) override;
    QString getTickLabel(double tick, const QLocale &locale, QChar formatChar, int precision) override;

private:
    int m_most = 5;
    double m_step = 1; // of the ticks whose labels are asked for
};

} // namespace patchbay::widgets
