// The QCustomPlot inside a view with axes. Private to the sources of this folder: qcustomplot.h uses the bare words
// signals and slots.
#pragma once

#include "plot_ticker.h"
#include "theme.h"

#include <functional>

namespace patchbay::widgets {

/// Draws itself straight to wherever it is painted: QCustomPlot's own pixmaps keep the density of the screen that it
/// was made on. It is not for the pointer: the view around it gets the events. Coordinates are the view's.
class PlotCanvas : public QCustomPlot {
public:
    explicit PlotCanvas(QWidget *view);

    void setTheme(const Theme &theme, const QFont &font);
    /// Names of the axes, cut where they are longer than their axis.
    void setAxisNames(const QString &x, const QString &y);
    /// Takes its place and lays out ticks and names at once: pixels are right before the first paint.
    void placeIn(const QRect &room);

    /// Where the data is drawn.
    QRect area() const;
    QPointF toPixel(double x, double y) const;
    QPointF toData(QPointF pixel) const;

    using Drawing = std::function<void(QCPPainter &)>;
    /// For marks that QCustomPlot does not have, below the data or above it.
    void addDrawing(const Drawing &drawing, bool above);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    void fillRoom();
    void layOut();

    QSharedPointer<PlotTicker> m_xTicks, m_yTicks;
    QString m_xName, m_yName;
};

} // namespace patchbay::widgets
