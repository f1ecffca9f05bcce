// A figure as a list of marks in millimetres: laid out once, then written as PDF, SVG or pixels by the same
// description.
#pragma once

#include <QColor>
#include <QPolygonF>
#include <QRectF>
#include <QString>
#include <QVector>

#include <variant>

QT_BEGIN_NAMESPACE
class QPainter;
QT_END_NAMESPACE

namespace patchbay::widgets::figure {

enum class Align { Left, Centre, Right };

/// A filled rectangle without outline. Neighbours overlap a little where they are cells, so that no seam shows.
struct RectMark {
    QRectF rect;
    QColor fill;
};
/// An open line through points; closed and filled when fill is valid. Width in mm, 0: no outline.
struct PathMark {
    QPolygonF points;
    QColor stroke;
    double width = 0;
    QColor fill;
    bool dashed = false;
};
struct DotMark {
    QPointF centre;
    double radius = 0;
    QColor fill;
};
/// One line of text; `at` is on the baseline. angle: 0, or 90 for text that reads upwards.
struct TextMark {
    QPointF at;
    QString text;
    double points = 8;
    bool bold = false;
    Align align = Align::Left;
    int angle = 0;
    QColor colour = Qt::black;
};
using Mark = std::variant<RectMark, PathMark, DotMark, TextMark>;

/// What a page that can be pointed at says of a place.
struct HoverArea {
    QRectF rect;
    QString text;
};

struct Scene {
    QSizeF size; ///< mm
    QVector<Mark> marks;
    QVector<HoverArea> areas; ///< drawn by nothing

    void hover(const QRectF &rect, const QString &text) { areas << HoverArea{rect, text}; }

    void rect(const QRectF &rect, const QColor &fill) { marks << RectMark{rect, fill}; }
    void line(QPointF a, QPointF b, const QColor &stroke, double width)
    {
        marks << PathMark{QPolygonF{a, b}, stroke, width, {}, false};
    }
    void dashedLine(QPointF a, QPointF b, const QColor &stroke, double width)
    {
        marks << PathMark{QPolygonF{a, b}, stroke, width, {}, true};
    }
    void frame(const QRectF &rect, const QColor &stroke, double width, const QColor &fill = {});
    void polygon(const QPolygonF &points, const QColor &fill) { marks << PathMark{points, {}, 0, fill, false}; }
    void dot(QPointF centre, double radius, const QColor &fill) { marks << DotMark{centre, radius, fill}; }
    void text(QPointF at, const QString &text, double points, Align align = Align::Left,
              const QColor &colour = Qt::black, bool bold = false, int angle = 0);
};

/// White page, then the marks; `scale` painter units a mm, from `origin`. Rectangles go to whole device pixels, so they
/// never blur.
void paintScene(QPainter &painter, const Scene &scene, QPointF origin, double scale);

constexpr double mmPerPoint = 25.4 / 72, toPoints = 1 / mmPerPoint;

} // namespace patchbay::widgets::figure
