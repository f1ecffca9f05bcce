// What every view with axes has in common: QCustomPlot's axes with the theme's colours, zoom, pan and the whole again,
// by pointer and keys.
#pragma once

#include "head_plot.h"

#include <QRectF>
#include <QVector>

namespace patchbay::widgets {

class PlotCanvas; // plot_canvas.h: the QCustomPlot

struct PlotRange {
    double from = 0, to = 1;
    double span() const { return to - from; }
    bool operator==(const PlotRange &) const = default;
};

/// The values' range with 6 % of air on both sides; zero is taken in when `withZero`. [0, 1] without values that can be
/// drawn.
PlotRange paddedRange(const QVector<double> &values, bool withZero);
/// Neither NaN nor without end, nor so large that QCustomPlot's ranges break: only such numbers reach it.
bool canBeDrawn(double value);

class AxesPlot : public HeadPlot {
    Q_OBJECT
public:
    PlotRange xRange() const; ///< on view
    PlotRange yRange() const;
    QPointF pixelOf(double x, double y) const; ///< in this widget's pixels
    QRect plotArea() const;
    bool zoomed() const;

    void zoom(double factor, QPointF fixed); ///< above 1: nearer; what is at `fixed` stays there
    void zoomInto(const QRectF &pixels);
    void pan(QPointF pixels);
    void showAll();

protected:
    /// axes: those that zoom and pan act on.
    AxesPlot(const QString &kind, const QString &emptyText, Qt::Orientations axes, QWidget *parent);

    virtual QRect plotRoom() const = 0;             ///< with ticks and names of axes
    virtual void styleData(const Theme &theme) = 0; ///< colours of what QCustomPlot draws
    virtual void placed() { }                       ///< after anything that moves the data on the screen

    PlotCanvas *canvas() const { return m_canvas; }
    /// What is seen without zoom; relayout() shows it. keepZoom: the same axes with newer numbers.
    void setWhole(const PlotRange &x, const PlotRange &y, bool keepZoom);
    /// Dragging with the middle button, and with Shift a rectangle to zoom into: true when the event was for that.
    bool startDrag(const QMouseEvent &event);
    bool moveDrag(const QMouseEvent &event);
    bool endDrag();

    void relayout() override;
    void repaintMarks() override;
    void wheelEvent(QWheelEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    enum class Drag { None, Pan, Rectangle };
    void setRanges(const PlotRange &x, const PlotRange &y);

    PlotCanvas *m_canvas; // a child of this widget
    Qt::Orientations m_axes;
    PlotRange m_wholeX, m_wholeY;
    Drag m_drag = Drag::None;
    QPoint m_dragFrom;
    QRectF m_rectangle; // to zoom into; null until the pointer has moved far enough
};

} // namespace patchbay::widgets
