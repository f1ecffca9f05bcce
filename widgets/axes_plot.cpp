#include "axes_plot.h"

#include "plot_canvas.h"
#include "zoom_step.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace patchbay::widgets {

namespace {

constexpr double panStep = 40;   // pixels an arrow key
constexpr double nearest = 1e-6; // of the whole range: closer, and neighbouring pixels are the same number

QCPRange toQcp(const PlotRange &range)
{
    return {range.from, range.to};
}

} // namespace

bool canBeDrawn(double value)
{
    return std::isfinite(value) && std::abs(value) < 1e100;
}

PlotRange paddedRange(const QVector<double> &values, bool withZero)
{
    bool any = false;
    QCPRange range;
    for (const double value : values) {
        if (!canBeDrawn(value))
            continue;
        if (any)
            range.expand(value);
        else
            range = {value, value};
        any = true;
    }
    if (!any)
        return {0, 1};
    if (withZero)
        range.expand(0);
    // Numbers that differ by less than their own precision are one number to an axis.
    const double size = std::max(std::abs(range.lower), std::abs(range.upper));
    const double air = range.size() > size * 1e-12 && range.size() > 1e-100 ? range.size() * 0.06
        : size > 1e-100                                                     ? size * 0.5
                                                                            : 0.5;
    return {range.lower - air, range.upper + air};
}

AxesPlot::AxesPlot(const QString &kind, const QString &emptyText, Qt::Orientations axes, QWidget *parent)
    : HeadPlot(kind, emptyText, parent), m_canvas(new PlotCanvas(this)), m_axes(axes)
{
    setRanges(m_wholeX, m_wholeY);
    m_canvas->addDrawing(
        [this](QCPPainter &painter) {
            if (m_drag != Drag::Rectangle || m_rectangle.isNull())
                return;
            painter.setPen(QPen(Theme::of(palette()).text, 1, Qt::DashLine));
            painter.drawRect(m_rectangle);
        },
        true);
}

PlotRange AxesPlot::xRange() const
{
    return {m_canvas->xAxis->range().lower, m_canvas->xAxis->range().upper};
}

PlotRange AxesPlot::yRange() const
{
    return {m_canvas->yAxis->range().lower, m_canvas->yAxis->range().upper};
}

QPointF AxesPlot::pixelOf(double x, double y) const
{
    return m_canvas->toPixel(x, y);
}

QRect AxesPlot::plotArea() const
{
    return m_canvas->area();
}

bool AxesPlot::zoomed() const
{
    return ((m_axes & Qt::Horizontal) && xRange() != m_wholeX) || ((m_axes & Qt::Vertical) && yRange() != m_wholeY);
}

void AxesPlot::setWhole(const PlotRange &x, const PlotRange &y, bool keepZoom)
{
    const bool kept = keepZoom && zoomed();
    const PlotRange oldX = xRange(), oldY = yRange();
    m_wholeX = x;
    m_wholeY = y;
    setRanges(kept ? oldX : x, kept ? oldY : y);
}

void AxesPlot::showAll()
{
    setRanges(m_wholeX, m_wholeY);
    relayout();
}

// Never beyond the whole, where there is nothing to see. An axis that does not zoom always shows the whole.
void AxesPlot::setRanges(const PlotRange &x, const PlotRange &y)
{
    const auto set = [this](QCPAxis *axis, const PlotRange &wanted, const PlotRange &whole, Qt::Orientation side) {
        if (!(m_axes & side) || wanted.span() >= whole.span())
            axis->setRange(toQcp(whole));
        else if (wanted.span() >= whole.span() * nearest)
            axis->setRange(toQcp(wanted).bounded(whole.from, whole.to));
    };
    set(m_canvas->xAxis, x, m_wholeX, Qt::Horizontal);
    set(m_canvas->yAxis, y, m_wholeY, Qt::Vertical);
}

void AxesPlot::zoom(double factor, QPointF fixed)
{
    const QPointF at = m_canvas->toData(fixed);
    const auto around = [factor](const PlotRange &range, double middle) {
        return PlotRange{middle - (middle - range.from) / factor, middle + (range.to - middle) / factor};
    };
    setRanges(around(xRange(), at.x()), around(yRange(), at.y()));
    relayout();
}

void AxesPlot::zoomInto(const QRectF &pixels)
{
    const QPointF a = m_canvas->toData(pixels.topLeft()), b = m_canvas->toData(pixels.bottomRight());
    setRanges({std::min(a.x(), b.x()), std::max(a.x(), b.x())}, {std::min(a.y(), b.y()), std::max(a.y(), b.y())});
    relayout();
}

void AxesPlot::pan(QPointF pixels)
{
    const QPointF by = m_canvas->toData({0, 0}) - m_canvas->toData(pixels);
    setRanges({xRange().from + by.x(), xRange().to + by.x()}, {yRange().from + by.y(), yRange().to + by.y()});
    relayout();
}

void AxesPlot::relayout()
{
    const Theme theme = Theme::of(palette());
    m_canvas->setVisible(markCount() > 0);
    m_canvas->setTheme(theme, font());
    styleData(theme);
    m_canvas->placeIn(plotRoom());
    placed();
    repaintMarks();
}

void AxesPlot::repaintMarks()
{
    HeadPlot::repaintMarks();
    m_canvas->update();
}

bool AxesPlot::startDrag(const QMouseEvent &event)
{
    m_drag = event.button() == Qt::MiddleButton                                       ? Drag::Pan
        : event.button() == Qt::LeftButton && (event.modifiers() & Qt::ShiftModifier) ? Drag::Rectangle
                                                                                      : Drag::None;
    m_dragFrom = event.position().toPoint();
    m_rectangle = {};
    return m_drag == Drag::Pan;
}

bool AxesPlot::moveDrag(const QMouseEvent &event)
{
    const QPoint at = event.position().toPoint();
    if (m_drag == Drag::Pan && (event.buttons() & Qt::MiddleButton)) {
        pan(at - m_dragFrom);
        m_dragFrom = at;
        return true;
    }
    if (m_drag != Drag::Rectangle || !(event.buttons() & Qt::LeftButton))
        return false;
    if (!m_rectangle.isNull() || (at - m_dragFrom).manhattanLength() >= QApplication::startDragDistance()) {
        m_rectangle = QRectF(m_dragFrom, at).normalized().intersected(plotArea());
        repaintMarks();
    }
    return true;
}

bool AxesPlot::endDrag()
{
    const Drag drag = std::exchange(m_drag, Drag::None);
    const QRectF rectangle = std::exchange(m_rectangle, {});
    if (drag == Drag::Rectangle && !rectangle.isNull()) {
        if (rectangle.width() > 2 && rectangle.height() > 2)
            zoomInto(rectangle);
        repaintMarks();
        return true;
    }
    return drag == Drag::Pan;
}

void AxesPlot::wheelEvent(QWheelEvent *event)
{
    if (markCount() == 0 || event->angleDelta().y() == 0)
        return HeadPlot::wheelEvent(event);
    zoom(zoomOf(*event), event->position());
    event->accept();
}

void AxesPlot::mouseDoubleClickEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton && markAt(event->position()) < 0)
        showAll();
    else
        HeadPlot::mouseDoubleClickEvent(event);
}

void AxesPlot::keyPressEvent(QKeyEvent *event)
{
    const bool shift = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
        return zoom(zoomStep, QRectF(plotArea()).center());
    case Qt::Key_Minus:
        return zoom(1 / zoomStep, QRectF(plotArea()).center());
    case Qt::Key_0:
        return showAll();
    default:
        break;
    }
    if (shift && event->key() == Qt::Key_Left)
        return pan({panStep, 0});
    if (shift && event->key() == Qt::Key_Right)
        return pan({-panStep, 0});
    if (shift && event->key() == Qt::Key_Up)
        return pan({0, panStep});
    if (shift && event->key() == Qt::Key_Down)
        return pan({0, -panStep});
    HeadPlot::keyPressEvent(event);
}

} // namespace patchbay::widgets
