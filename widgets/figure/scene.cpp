#include "scene.h"

#include "figure_font.h"

#include <QPainter>
#include <QPen>

#include <cmath>

namespace patchbay::widgets::figure {

namespace {

/// Draws in page millimetres, the painter already scaled.
struct PainterBackend {
    QPainter &painter;

    void operator()(const RectMark &mark) const
    {
        const QTransform toDevice = painter.deviceTransform();
        const QRectF device = toDevice.mapRect(mark.rect);
        const QRectF whole(QPointF(std::round(device.left()), std::round(device.top())),
                           QPointF(std::round(device.right()), std::round(device.bottom())));
        painter.fillRect(toDevice.inverted().mapRect(whole), mark.fill);
    }
    void operator()(const PathMark &mark) const
    {
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing);
        QPen pen(mark.stroke, mark.width, mark.dashed ? Qt::CustomDashLine : Qt::SolidLine, Qt::FlatCap, Qt::MiterJoin);
        if (mark.dashed)
            pen.setDashPattern({0.8 / mark.width, 0.6 / mark.width});
        painter.setPen(mark.width > 0 && mark.stroke.isValid() ? pen : QPen(Qt::NoPen));
        painter.setBrush(mark.fill.isValid() ? QBrush(mark.fill) : QBrush(Qt::NoBrush));
        if (mark.fill.isValid())
            painter.drawPolygon(mark.points);
        else
            painter.drawPolyline(mark.points);
        painter.restore();
    }
    void operator()(const DotMark &mark) const
    {
        painter.save();
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(mark.fill);
        painter.drawEllipse(mark.centre, mark.radius, mark.radius);
        painter.restore();
    }
    void operator()(const TextMark &mark) const
    {
        const double width = textWidth(mark.text, mark.points, mark.bold);
        const double shift = mark.align == Align::Left ? 0 : mark.align == Align::Centre ? -width / 2 : -width;
        constexpr int fontPixels =
            96; // a size at which rounding of advances does not show; scaled down to the wanted one
        painter.save();
        painter.setRenderHint(QPainter::TextAntialiasing);
        painter.translate(mark.at);
        painter.rotate(-mark.angle);
        painter.translate(shift, 0);
        const double scale = mark.points * mmPerPoint / fontPixels;
        painter.scale(scale, scale);
        painter.setFont(figureFont(fontPixels, mark.bold));
        painter.setPen(mark.colour);
        painter.drawText(QPointF(0, 0), mark.text);
        painter.restore();
    }
};

} // namespace

void Scene::frame(const QRectF &rect, const QColor &stroke, double width, const QColor &fill)
{
    const QPolygonF points{rect.topLeft(), rect.topRight(), rect.bottomRight(), rect.bottomLeft(), rect.topLeft()};
    marks << PathMark{points, stroke, width, fill, false};
}

void Scene::text(QPointF at, const QString &text, double points, Align align, const QColor &colour, bool bold,
                 int angle)
{
    if (!text.isEmpty())
        marks << TextMark{at, printable(text, bold), points, bold, align, angle, colour};
}

void paintScene(QPainter &painter, const Scene &scene, QPointF origin, double scale)
{
    painter.save();
    painter.translate(origin);
    painter.scale(scale, scale);
    painter.fillRect(QRectF(QPointF(), scene.size), Qt::white);
    for (const Mark &mark : scene.marks)
        std::visit(PainterBackend{painter}, mark);
    painter.restore();
}

} // namespace patchbay::widgets::figure
