#include "plot_canvas.h"

#include "view_text.h"

#include <QFontMetrics>

#include <algorithm>

namespace patchbay::widgets {

namespace {

class PlotDrawing : public QCPLayerable {
public:
    PlotDrawing(PlotCanvas *canvas, const QString &layer, PlotCanvas::Drawing drawing)
        : QCPLayerable(canvas, layer), m_canvas(canvas), m_drawing(std::move(drawing))
    {
    }

protected:
    void applyDefaultAntialiasingHint(QCPPainter *painter) const override
    {
        applyAntialiasingHint(painter, true, QCP::aeOther);
    }
    void draw(QCPPainter *painter) override
    {
        painter->translate(-m_canvas->pos());
        m_drawing(*painter);
    }

private:
    PlotCanvas *m_canvas;
    PlotCanvas::Drawing m_drawing;
};

} // namespace

PlotCanvas::PlotCanvas(QWidget *view) : QCustomPlot(view), m_xTicks(new PlotTicker), m_yTicks(new PlotTicker)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    setPlottingHint(QCP::phCacheLabels, false); // they are cached at the density of one screen
    setAutoAddPlottableToLegend(false);
    plotLayout()->setRowSpacing(2);
    axisRect()->setupFullAxesBox();
    axisRect()->setMinimumMargins({0, 0, 0, 0});
    xAxis->setTicker(m_xTicks);
    yAxis->setTicker(m_yTicks);
    for (QCPAxis *axis : {xAxis, yAxis, xAxis2, yAxis2}) {
        axis->setTicks(false);
        axis->setSubTicks(false);
        axis->setTickLabels(axis == xAxis || axis == yAxis);
        axis->setTickLabelPadding(5);
        axis->setLabelPadding(2);
        axis->setPadding(2);
    }
    for (QCPAxis *axis : {xAxis, yAxis}) { // the grid's lines are the ticks
        axis->setTicks(true);
        axis->setTickLength(0);
        axis->setTickPen(Qt::NoPen);
    }
}

void PlotCanvas::setTheme(const Theme &theme, const QFont &font)
{
    const QFont small = scaledFont(font, 0.88);
    setBackground(theme.background);
    for (QCPAxis *axis : {xAxis, yAxis, xAxis2, yAxis2}) {
        axis->setBasePen(QPen(theme.line, 1));
        axis->setLabelColor(theme.text);
        axis->setTickLabelColor(theme.dimText);
        axis->setLabelFont(small);
        axis->setTickLabelFont(small);
        axis->grid()->setPen(QPen(theme.faintLine, 1));
        axis->grid()->setZeroLinePen(QPen(theme.faintLine, 1));
    }
    legend->setFont(scaledFont(font, 0.92));
    legend->setTextColor(theme.text);
    legend->setBrush(Qt::NoBrush);
    legend->setBorderPen(Qt::NoPen);
}

void PlotCanvas::setAxisNames(const QString &x, const QString &y)
{
    m_xName = x;
    m_yName = y;
}

void PlotCanvas::placeIn(const QRect &room)
{
    setGeometry(room);
    fillRoom();
    // How many ticks and how much of a name there is room for is known once the names and ticks have taken theirs.
    const QFontMetrics metrics(xAxis->labelFont());
    xAxis->setLabel(m_xName);
    yAxis->setLabel(m_yName);
    for (int pass = 0; pass < 2; ++pass) {
        layOut();
        const int line = metrics.height();
        m_xTicks->setMost(std::clamp(axisRect()->width() / (6 * line), 2, 9));
        m_yTicks->setMost(std::clamp(axisRect()->height() / (3 * line), 2, 9));
        xAxis->setLabel(fittedText(metrics, m_xName, axisRect()->width()));
        yAxis->setLabel(fittedText(metrics, m_yName, axisRect()->height()));
    }
    layOut();
}

// QCustomPlot replots once by itself after it is made: into nothing at all it would complain on standard error.
void PlotCanvas::fillRoom()
{
    setViewport(rect().isEmpty() ? QRect(0, 0, 1, 1) : rect());
}

void PlotCanvas::layOut()
{
    for (const auto phase : {QCPLayoutElement::upPreparation, QCPLayoutElement::upMargins, QCPLayoutElement::upLayout})
        plotLayout()->update(phase);
}

QRect PlotCanvas::area() const
{
    return axisRect()->rect().translated(pos());
}

QPointF PlotCanvas::toPixel(double x, double y) const
{
    return QPointF(xAxis->coordToPixel(x), yAxis->coordToPixel(y)) + pos();
}

QPointF PlotCanvas::toData(QPointF pixel) const
{
    return {xAxis->pixelToCoord(pixel.x() - pos().x()), yAxis->pixelToCoord(pixel.y() - pos().y())};
}

void PlotCanvas::addDrawing(const Drawing &drawing, bool above)
{
    new PlotDrawing(this, above ? QStringLiteral("overlay") : QStringLiteral("background"),
                    drawing); // owned by its layer's plot
}

void PlotCanvas::paintEvent(QPaintEvent *)
{
    QCPPainter painter(this);
    painter.fillRect(rect(), mBackgroundBrush);
    draw(&painter);
}

void PlotCanvas::resizeEvent(QResizeEvent *)
{
    fillRoom(); // and no replot into pixmaps that nobody sees
}

} // namespace patchbay::widgets
