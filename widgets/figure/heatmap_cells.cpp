#include "heatmap_cells.h"

#include "colour_map.h"
#include "figure_font.h"

#include <algorithm>

namespace patchbay::widgets::figure {

namespace {

const QColor noiseGrey(0xe6, 0xe6, 0xe6), maskedGrey(0xbc, 0xbc, 0xbc);
constexpr double betweenEntries = gap * 2.4;

QString words(CellLook look)
{
    switch (look) {
    case CellLook::Estimated:
        return QStringLiteral("estimate");
    case CellLook::Missing:
        return QStringLiteral("not computed");
    case CellLook::Undefined:
        return QStringLiteral("not defined");
    case CellLook::Masked:
        return QStringLiteral("masked");
    case CellLook::Noise:
        return QStringLiteral("within noise");
    }
    return {};
}

double entryWidth(CellLook look, double points)
{
    return capHeight(points) * 1.4 + gap * 0.6 + textWidth(words(look), points);
}

void drawLook(Scene &scene, const QRectF &box, CellLook look)
{
    switch (look) {
    case CellLook::Estimated:
        drawEstimate(scene, box, Qt::white);
        break;
    case CellLook::Missing:
    case CellLook::Undefined:
        drawEmpty(scene, box, box, look == CellLook::Undefined);
        break;
    case CellLook::Masked:
        drawMasked(scene, box, box);
        break;
    case CellLook::Noise:
        scene.rect(box, noiseGrey);
        break;
    }
}

} // namespace

QColor noiseColour()
{
    return noiseGrey;
}

void drawEmpty(Scene &scene, const QRectF &rect, const QRectF &filled, bool undefined)
{
    scene.rect(filled, QColor(0xf2, 0xf2, 0xf2));
    scene.line(rect.bottomLeft(), rect.topRight(), faintInk, hairline);
    if (undefined)
        scene.line(rect.topLeft(), rect.bottomRight(), faintInk, hairline);
}

void drawMasked(Scene &scene, const QRectF &rect, const QRectF &filled)
{
    scene.rect(filled, maskedGrey);
    const double side = std::min(rect.width(), rect.height());
    const int stripes = side < 2 ? 1 : side < 5 ? 2 : 3; // on either side of the middle, with it
    for (int i = 1 - stripes; i < stripes; ++i) {
        const double across = double(i) / stripes; // from the upper left to the lower right, shifted to a side
        scene.line(
            rect.topLeft() + QPointF(rect.width() * std::max(0.0, across), rect.height() * std::max(0.0, -across)),
            rect.bottomRight() - QPointF(rect.width() * std::max(0.0, -across), rect.height() * std::max(0.0, across)),
            Qt::white, std::clamp(side * 0.06, hairline, 0.3));
    }
}

void drawEstimate(Scene &scene, const QRectF &rect, const QColor &colour)
{
    const double side = std::min({rect.width() * 0.4, rect.height() * 0.4, 1.2});
    scene.polygon(QPolygonF{rect.topRight() - QPointF(side, 0), rect.topRight(), rect.topRight() + QPointF(0, side)},
                  mixed(textOn(colour), colour, 0.45));
}

QVector<QVector<CellLook>> entryLines(const QVector<CellLook> &looks, double points, double width)
{
    QVector<QVector<CellLook>> lines;
    double used = 0;
    for (const CellLook look : looks) {
        if (lines.isEmpty() || used + entryWidth(look, points) > width) {
            lines << QVector<CellLook>{};
            used = 0;
        }
        lines.back() << look;
        used += entryWidth(look, points) + betweenEntries;
    }
    return lines;
}

void drawCellLegend(Scene &scene, const QVector<CellLook> &looks, double points, const QRectF &outer, double bottom)
{
    const double side = capHeight(points);
    const QVector<QVector<CellLook>> lines = entryLines(looks, points, outer.width());
    double y = bottom - gap * 0.4 - double(lines.size() - 1) * lineHeight(points);
    for (const QVector<CellLook> &line : lines) {
        double left = outer.left();
        for (const CellLook look : line) {
            const QRectF box(left, y - side, side * 1.4, side);
            drawLook(scene, box, look);
            scene.frame(box, greyInk, hairline);
            scene.text({box.right() + gap * 0.6, y}, words(look), points);
            left += entryWidth(look, points) + betweenEntries;
        }
        y += lineHeight(points);
    }
}

} // namespace patchbay::widgets::figure
