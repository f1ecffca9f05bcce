// PDF: vector marks, text in embedded subsets of the figures' font, the RunSpec as XMP and as an attached file.
#include "metadata.h"
#include "panel.h"
#include "pdf_document.h"

#include "figure_font.h"

#include <QCryptographicHash>
#include <QMap>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>

namespace patchbay::widgets {

using namespace figure;

namespace {

QByteArray point(QPointF mm)
{
    return number(mm.x() * toPoints) + " " + number(mm.y() * toPoints);
}

QByteArray colourOperator(const QColor &colour, const char *op)
{
    return number(colour.red() / 255.0, 4) + " " + number(colour.green() / 255.0, 4) + " "
        + number(colour.blue() / 255.0, 4) + " " + op + "\n";
}

/// Glyphs that a font was used for, with what they stand for.
struct UsedFont {
    QMap<quint32, QString> glyphs;
};

/// Writes page content in points with y downwards (the page's matrix turns it over).
struct PdfBackend {
    QByteArray &out;
    std::array<UsedFont, 2> &fonts; // regular, bold

    void operator()(const RectMark &mark) const
    {
        out += colourOperator(mark.fill, "rg") + point(mark.rect.topLeft()) + " " + number(mark.rect.width() * toPoints)
            + " " + number(mark.rect.height() * toPoints) + " re f\n";
    }
    void operator()(const PathMark &mark) const
    {
        if (mark.points.isEmpty())
            return;
        const bool fill = mark.fill.isValid(), stroke = mark.width > 0 && mark.stroke.isValid();
        if (fill)
            out += colourOperator(mark.fill, "rg");
        if (stroke)
            out += colourOperator(mark.stroke, "RG") + number(mark.width * toPoints) + " w\n";
        if (mark.dashed)
            out += "[" + number(0.8 * toPoints) + " " + number(0.6 * toPoints) + "] 0 d\n";
        for (int i = 0; i < mark.points.size(); ++i)
            out += point(mark.points[i]) + (i ? " l\n" : " m\n");
        out += fill && stroke ? "b\n" : fill ? "f\n" : "S\n";
        if (mark.dashed)
            out += "[] 0 d\n";
    }
    void operator()(const DotMark &mark) const
    {
        QPainterPath circle;
        circle.addEllipse(mark.centre, mark.radius, mark.radius);
        fillPath(circle, mark.fill);
    }
    void operator()(const TextMark &mark) const
    {
        const double width = textWidth(mark.text, mark.points, mark.bold);
        const double back = mark.align == Align::Left ? 0 : mark.align == Align::Centre ? width / 2 : width;
        const QPointF start = mark.at - (mark.angle ? QPointF(0, -back) : QPointF(back, 0));
        if (!hasGlyphs(mark.text, mark.bold)) {
            fillPath(outline(mark, start), mark.colour);
            return;
        }
        out += colourOperator(mark.colour, "rg") + "BT /F" + (mark.bold ? "2 " : "1 ") + number(mark.points) + " Tf "
            + (mark.angle ? "0 -1 -1 0 " : "1 0 0 -1 ") + point(start) + " Tm [";
        for (const ShapedGlyph &glyph : shaped(mark.text, mark.bold)) {
            QString &stands = fonts[mark.bold].glyphs[glyph.glyph];
            if (stands.isEmpty())
                stands = glyph.text;
            out += "<" + QByteArray::number(glyph.glyph, 16).rightJustified(4, '0') + ">";
            const double kern = std::lround(glyphAdvance(glyph.glyph, mark.bold)) - glyph.advance;
            if (std::abs(kern) > 0.05)
                out += number(kern, 2);
        }
        out += "] TJ ET\n";
    }

private:
    void fillPath(const QPainterPath &path, const QColor &fill) const
    {
        out += colourOperator(fill, "rg");
        for (int i = 0; i < path.elementCount(); ++i) {
            const QPainterPath::Element e = path.elementAt(i);
            if (e.type == QPainterPath::MoveToElement)
                out += point(e) + " m\n";
            else if (e.type == QPainterPath::LineToElement)
                out += point(e) + " l\n";
            else if (e.type == QPainterPath::CurveToElement && i + 2 < path.elementCount()) {
                out += point(e) + " " + point(path.elementAt(i + 1)) + " " + point(path.elementAt(i + 2)) + " c\n";
                i += 2;
            }
        }
        out += "f\n";
    }

    /// Scripts that the figures' font does not have, drawn as outlines of the system's fonts.
    static QPainterPath outline(const TextMark &mark, QPointF start)
    {
        QPainterPath path;
        path.addText(0, 0, figureFont(1000, mark.bold), mark.text);
        const double scale = mark.points * mmPerPoint / 1000;
        return QTransform::fromTranslate(start.x(), start.y()).rotate(-mark.angle).scale(scale, scale).map(path);
    }
};

QByteArray toUnicode(const UsedFont &font)
{
    QByteArray map =
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering "
        "(UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n";
    const QList<quint32> glyphs = font.glyphs.keys();
    for (qsizetype from = 0; from < glyphs.size(); from += 100) { // at most a hundred an entry block
        const qsizetype count = std::min<qsizetype>(100, glyphs.size() - from);
        map += QByteArray::number(count) + " beginbfchar\n";
        for (qsizetype i = from; i < from + count; ++i) {
            map += "<" + QByteArray::number(glyphs[i], 16).rightJustified(4, '0') + "> <";
            const QString text = font.glyphs[glyphs[i]].isEmpty() ? QStringLiteral(" ") : font.glyphs[glyphs[i]];
            for (const QChar c : text)
                map += QByteArray::number(c.unicode(), 16).rightJustified(4, '0');
            map += ">\n";
        }
        map += "endbfchar\n";
    }
    return map + "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n";
}

int addFont(PdfDocument &pdf, const UsedFont &font, bool bold)
{
    QSet<quint32> glyphs;
    QByteArray widths, drawn;
    for (auto it = font.glyphs.begin(); it != font.glyphs.end(); ++it) {
        glyphs << it.key();
        widths +=
            QByteArray::number(it.key()) + " [" + QByteArray::number(std::lround(glyphAdvance(it.key(), bold))) + "] ";
        drawn += QByteArray::number(it.key()) + ",";
    }
    // Six letters that name the subset: the same glyphs, the same name.
    QByteArray tag = QCryptographicHash::hash(drawn, QCryptographicHash::Md5).left(6);
    for (char &c : tag)
        c = char('A' + uchar(c) % 26);
    const QByteArray name = tag + (bold ? "+LiberationSans-Bold" : "+LiberationSans");
    const QByteArray file = fontWithGlyphs(glyphs, bold);
    const FontNumbers numbers = fontNumbers(bold);
    const int fontFile = pdf.addStream(file, "/Length1 " + QByteArray::number(file.size()));
    QByteArray box;
    for (const int value : numbers.box)
        box += QByteArray::number(value) + " ";
    const int descriptor =
        pdf.add("<< /Type /FontDescriptor /FontName /" + name + " /Flags 32 /FontBBox [" + box
                + "] /ItalicAngle 0 /Ascent " + number(numbers.ascent, 0) + " /Descent "
                + number(-std::abs(numbers.descent), 0) + " /CapHeight " + number(numbers.capHeight, 0) + " /StemV "
                + (bold ? "140" : "88") + " /FontFile2 " + PdfDocument::reference(fontFile) + " >>");
    const int cid =
        pdf.add("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /" + name
                + " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
                  " /FontDescriptor "
                + PdfDocument::reference(descriptor) + " /CIDToGIDMap /Identity /DW 500 /W [" + widths + "] >>");
    const int unicode = pdf.addStream(toUnicode(font));
    return pdf.add("<< /Type /Font /Subtype /Type0 /BaseFont /" + name + " /Encoding /Identity-H /DescendantFonts ["
                   + PdfDocument::reference(cid) + "] /ToUnicode " + PdfDocument::reference(unicode) + " >>");
}

/// The RunSpec once more as an attached file, for readers that show attachments.
QByteArray attachment(PdfDocument &pdf, const QByteArray &runSpec)
{
    if (runSpec.isEmpty())
        return {};
    const int file = pdf.addStream(runSpec,
                                   "/Type /EmbeddedFile /Subtype /application#2Fjson /Params << /Size "
                                       + QByteArray::number(runSpec.size()) + " >>");
    const QByteArray name = PdfDocument::text(QStringLiteral("runspec.json"));
    const int spec = pdf.add("<< /Type /Filespec /F (runspec.json) /UF " + name
                             + " /Desc (What was computed) /AFRelationship /Source /EF << /F "
                             + PdfDocument::reference(file) + " >> >>");
    return " /Names << /EmbeddedFiles << /Names [" + name + " " + PdfDocument::reference(spec) + "] >> >> /AF ["
        + PdfDocument::reference(spec) + "]";
}

} // namespace

namespace figure {

QByteArray scenesPdf(const QVector<Scene> &scenes, const FigureMetadata &metadata, const FigureSpec &spec)
{
    std::array<UsedFont, 2> fonts;
    QVector<QByteArray> contents;
    for (const Scene &scene : scenes) {
        QByteArray content = "1 0 0 -1 0 " + number(scene.size.height() * toPoints) + " cm\n1 1 1 rg 0 0 "
            + number(scene.size.width() * toPoints) + " " + number(scene.size.height() * toPoints) + " re f\n";
        for (const Mark &mark : scene.marks)
            std::visit(PdfBackend{content, fonts}, mark);
        contents << content;
    }

    PdfDocument pdf;
    const int catalog = pdf.reserve(), pages = pdf.reserve();
    QVector<int> kids, streams;
    for (int i = 0; i < scenes.size(); ++i)
        kids << pdf.reserve();
    for (const QByteArray &content : contents)
        streams << pdf.addStream(content);
    QByteArray fontList;
    for (const bool bold : {false, true}) {
        if (!fonts[bold].glyphs.isEmpty())
            fontList +=
                QByteArray(bold ? "/F2 " : "/F1 ") + PdfDocument::reference(addFont(pdf, fonts[bold], bold)) + " ";
    }
    const int xmp = pdf.addStream(
        "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
            + metadataXml(metadata, spec) + "</x:xmpmeta>\n<?xpacket end=\"r\"?>\n",
        "/Type /Metadata /Subtype /XML", false);
    const QByteArray attached = attachment(pdf, metadata.runSpec);
    const int info = pdf.add("<< /Title " + PdfDocument::text(metadata.title) + " /Subject "
                             + PdfDocument::text(metadata.caption) + " /Creator " + PdfDocument::text(metadata.version)
                             + " /Producer " + PdfDocument::text(metadata.version) + " >>");
    QByteArray kidList;
    for (int i = 0; i < scenes.size(); ++i) {
        const QSizeF size = scenes[i].size * toPoints;
        pdf.set(kids[i],
                "<< /Type /Page /Parent " + PdfDocument::reference(pages) + " /MediaBox [0 0 " + number(size.width())
                    + " " + number(size.height()) + "] /Contents " + PdfDocument::reference(streams[i])
                    + " /Resources << /Font << " + fontList + ">> >> >>");
        kidList += (i ? " " : "") + PdfDocument::reference(kids[i]);
    }
    pdf.set(pages, "<< /Type /Pages /Kids [" + kidList + "] /Count " + QByteArray::number(scenes.size()) + " >>");
    pdf.set(catalog,
            "<< /Type /Catalog /Pages " + PdfDocument::reference(pages) + " /Metadata " + PdfDocument::reference(xmp)
                + " /ViewerPreferences << /DisplayDocTitle true >> /Lang (en)" + attached + " >>");
    return pdf.bytes(catalog, info);
}

} // namespace figure

QByteArray figurePdf(const FigureSheet &sheet, const FigureMetadata &metadata)
{
    return scenesPdf({layoutSheet(sheet)}, metadata, sheet.spec);
}

} // namespace patchbay::widgets
