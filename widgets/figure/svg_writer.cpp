// SVG: text as text in the embedded font, cells as rectangles, one user unit a point.
#include "metadata.h"
#include "panel.h"

#include "figure_font.h"

namespace patchbay::widgets {

using namespace figure;

namespace {

QByteArray coordinate(double mm)
{
    return number(mm * toPoints);
}

QByteArray paint(const QColor &colour)
{
    return colour.isValid() ? colour.name().toLatin1() : QByteArray("none");
}

struct SvgBackend {
    QByteArray &out;

    void operator()(const RectMark &mark) const
    {
        out += "<rect x=\"" + coordinate(mark.rect.left()) + "\" y=\"" + coordinate(mark.rect.top()) + "\" width=\""
            + coordinate(mark.rect.width()) + "\" height=\"" + coordinate(mark.rect.height()) + "\" fill=\""
            + paint(mark.fill) + "\" shape-rendering=\"crispEdges\"/>\n";
    }
    void operator()(const PathMark &mark) const
    {
        out += mark.fill.isValid() ? "<polygon points=\"" : "<polyline points=\"";
        for (int i = 0; i < mark.points.size(); ++i)
            out += (i ? " " : "") + coordinate(mark.points[i].x()) + "," + coordinate(mark.points[i].y());
        out += "\" fill=\"" + paint(mark.fill) + "\"";
        if (mark.width > 0 && mark.stroke.isValid())
            out += " stroke=\"" + paint(mark.stroke) + "\" stroke-width=\"" + coordinate(mark.width) + "\"";
        if (mark.dashed)
            out += " stroke-dasharray=\"" + coordinate(0.8) + " " + coordinate(0.6) + "\"";
        out += "/>\n";
    }
    void operator()(const DotMark &mark) const
    {
        out += "<circle cx=\"" + coordinate(mark.centre.x()) + "\" cy=\"" + coordinate(mark.centre.y()) + "\" r=\""
            + coordinate(mark.radius) + "\" fill=\"" + paint(mark.fill) + "\"/>\n";
    }
    void operator()(const TextMark &mark) const
    {
        const QByteArray x = coordinate(mark.at.x()), y = coordinate(mark.at.y());
        out += "<text x=\"" + x + "\" y=\"" + y + "\" font-size=\"" + number(mark.points) + "\"";
        if (mark.bold)
            out += " font-weight=\"bold\"";
        if (mark.align != Align::Left)
            out += mark.align == Align::Centre ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
        if (mark.colour != Qt::black)
            out += " fill=\"" + paint(mark.colour) + "\"";
        if (mark.angle)
            out += " transform=\"rotate(" + QByteArray::number(-mark.angle) + " " + x + " " + y + ")\"";
        out += " xml:space=\"preserve\">" + xmlText(mark.text) + "</text>\n";
    }
};

/// areas: whether the drawing says its numbers where it is pointed at.
QByteArray svgBody(const Scene &scene, const QByteArray &inside, const QByteArray &title, bool areas = false)
{
    const QByteArray w = coordinate(scene.size.width()), h = coordinate(scene.size.height());
    QByteArray out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(scene.size.width())
        + "mm\" height=\"" + number(scene.size.height()) + "mm\" viewBox=\"0 0 " + w + " " + h
        + "\" role=\"img\" font-family=\"'Liberation Sans', Arial, Helvetica, sans-serif\">\n";
    if (!title.isEmpty())
        out += "<title>" + title + "</title>\n";
    out += inside + "<rect width=\"" + w + "\" height=\"" + h + "\" fill=\"#ffffff\"/>\n";
    for (const Mark &mark : scene.marks)
        std::visit(SvgBackend{out}, mark);
    for (const HoverArea &area : areas ? scene.areas : QVector<HoverArea>())
        out += "<rect class=\"h\" x=\"" + coordinate(area.rect.left()) + "\" y=\"" + coordinate(area.rect.top())
            + "\" width=\"" + coordinate(area.rect.width()) + "\" height=\"" + coordinate(area.rect.height())
            + "\" fill=\"none\" pointer-events=\"all\"><title>" + xmlText(area.text) + "</title></rect>\n";
    return out + "</svg>\n";
}

void collectText(const Scene &scene, QString &regular, QString &bold)
{
    for (const Mark &mark : scene.marks) {
        if (const auto *text = std::get_if<TextMark>(&mark))
            (text->bold ? bold : regular) += text->text;
    }
}

QString ownTitle(const FigureSheet &sheet)
{
    if (!sheet.spec.title.isEmpty() || sheet.panels.isEmpty())
        return sheet.spec.title;
    return std::visit([](const auto &view) { return view.title; }, sheet.panels.front());
}

} // namespace

QByteArray figureFontFaces(const QString &regularText, const QString &boldText)
{
    QByteArray css;
    for (const bool bold : {false, true}) {
        const QString &text = bold ? boldText : regularText;
        if (text.isEmpty())
            continue;
        css += "@font-face{font-family:'Liberation Sans';font-weight:" + QByteArray(bold ? "bold" : "normal")
            + ";src:url(data:font/ttf;base64," + fontWithCharacters(text, bold).toBase64() + ") format('truetype');}\n";
    }
    return css;
}

QByteArray figureFontFaces(const QVector<FigureSheet> &sheets)
{
    QString regular, bold;
    for (const FigureSheet &sheet : sheets)
        collectText(layoutSheet(sheet), regular, bold);
    return figureFontFaces(regular, bold);
}

QByteArray figureSvg(const FigureSheet &sheet, const FigureMetadata &metadata)
{
    const Scene scene = layoutSheet(sheet);
    QString regular, bold;
    collectText(scene, regular, bold);
    const QString title = metadata.title.isEmpty() ? ownTitle(sheet) : metadata.title;
    const QByteArray inside = "<metadata>\n" + metadataXml(metadata, sheet.spec)
        + "</metadata>\n<defs><style type=\"text/css\">\n" + figureFontFaces(regular, bold) + "</style></defs>\n";
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svgBody(scene, inside, xmlText(title));
}

QString figureInlineSvg(const FigureSheet &sheet)
{
    return QString::fromUtf8(svgBody(layoutSheet(sheet), {}, xmlText(ownTitle(sheet)), true));
}

} // namespace patchbay::widgets
