// The report as A4 pages: paragraphs broken into lines, figures kept with their captions, headings with what follows.
#include "report/report.h"

#include "figure/figure_font.h"
#include "figure/panel.h"

#include <algorithm>
#include <functional>

namespace patchbay {

using namespace widgets::figure;
using Kind = ReportBlock::Kind;
using widgets::FigureSheet;

namespace {

constexpr double pageWidth = 210, pageHeight = 297, side = 20, top = 20, bottom = 22;
constexpr double textWidthMm = pageWidth - 2 * side, textHeight = pageHeight - top - bottom;

/// Something that is not broken over pages.
struct Box {
    double height = 0; ///< mm
    double before = 0; ///< space above, dropped at the top of a page
    bool keep = false; ///< stays on the page of the box that follows
    std::function<void(Scene &, double left, double y)> draw;
};

struct Line {
    QString bold, plain; ///< the lead stands before the text of its paragraph's first lines
};

/// Words of the lead in bold and of the text, broken at spaces; a word longer than a line is broken anywhere.
QVector<Line> linesOf(const QString &lead, const QString &text, double points, double width)
{
    QVector<Line> lines{{}};
    const double space = textWidth(QStringLiteral(" "), points);
    double used = 0;
    const auto put = [&](QString word, bool bold) {
        double need = textWidth(word, points, bold);
        if (used > 0 && used + space + need > width) {
            lines << Line{};
            used = 0;
        }
        while (need > width) {
            qsizetype fits = word.size() - 1;
            while (fits > 1 && textWidth(word.left(fits), points, bold) > width)
                --fits;
            (bold ? lines.back().bold : lines.back().plain) = word.left(fits);
            lines << Line{};
            word = word.mid(fits);
            need = textWidth(word, points, bold);
        }
        QString &onto = bold ? lines.back().bold : lines.back().plain;
        used += (used > 0 ? space : 0) + need;
        onto += (onto.isEmpty() ? QString() : QStringLiteral(" ")) + word;
    };
    for (const QString &word : lead.split(QLatin1Char(' '), Qt::SkipEmptyParts))
        put(word, true);
    for (const QString &word : text.split(QLatin1Char(' '), Qt::SkipEmptyParts))
        put(word, false);
    return lines;
}

struct TextStyle {
    double points = 9.5, leading = 1.25, before = 2;
    QColor colour = ink;
    bool bold = false;
};

/// Whether a paragraph may be broken over pages, and whether it stays with what follows (headings, captions of tables).
enum class Keep { Nothing, Lines, WithNext };

void addText(QVector<Box> &boxes, const QString &lead, const QString &text, const TextStyle &style,
             Keep keep = Keep::Nothing)
{
    const QVector<Line> lines = linesOf(style.bold ? lead + QLatin1Char(' ') + text : lead,
                                        style.bold ? QString() : text, style.points, textWidthMm);
    const double height = style.points * mmPerPoint * style.leading;
    for (int i = 0; i < lines.size(); ++i) {
        Box box;
        box.height = height;
        box.before = i == 0 ? style.before : 0;
        // No single line of a paragraph alone on a page.
        box.keep = keep == Keep::WithNext || (keep == Keep::Lines && i < lines.size() - 1)
            || (i == 0 && lines.size() > 1) || (lines.size() > 2 && i == lines.size() - 2);
        box.draw = [line = lines[i], style, height](Scene &scene, double left, double y) {
            const double base = y + height * 0.5 + capHeight(style.points) / 2;
            double x = left;
            if (!line.bold.isEmpty()) {
                scene.text({x, base}, line.bold, style.points, Align::Left, style.colour, true);
                x += textWidth(line.bold, style.points, true) + textWidth(QStringLiteral(" "), style.points);
            }
            if (!line.plain.isEmpty())
                scene.text({x, base}, line.plain, style.points, Align::Left, style.colour);
        };
        boxes << box;
    }
}

void place(Scene &scene, const Scene &figure, QPointF at)
{
    struct Mover {
        QPointF by;
        Mark operator()(RectMark mark) const
        {
            mark.rect.translate(by);
            return mark;
        }
        Mark operator()(PathMark mark) const
        {
            mark.points.translate(by);
            return mark;
        }
        Mark operator()(DotMark mark) const
        {
            mark.centre += by;
            return mark;
        }
        Mark operator()(TextMark mark) const
        {
            mark.at += by;
            return mark;
        }
    };
    for (const Mark &mark : figure.marks)
        scene.marks << std::visit(Mover{at}, mark);
}

void addFigure(QVector<Box> &boxes, const FigureSheet &sheet, double before, bool keep, bool centred)
{
    FigureSheet fitted = sheet;
    fitted.spec.width = std::min(fitted.spec.width, textWidthMm);
    Scene drawn = layoutSheet(fitted);
    if (drawn.size.height() > textHeight - 30) { // leaves room for the caption
        fitted.spec.height = textHeight - 30;
        drawn = layoutSheet(fitted);
    }
    Box box;
    box.height = drawn.size.height();
    box.before = before;
    box.keep = keep;
    box.draw = [drawn, centred](Scene &scene, double left, double y) {
        place(scene, drawn, {left + (centred ? (textWidthMm - drawn.size.width()) / 2 : 0), y});
    };
    boxes << box;
}

/// Long tables go on over pages, each part with its head.
void addTable(QVector<Box> &boxes, const FigureSheet &sheet)
{
    FigureSheet part = sheet;
    auto &shown = std::get<widgets::TableView>(part.panels.front());
    const QVector<QStringList> rows = shown.rows;
    const double most = textHeight - 25;
    for (qsizetype from = 0; from < rows.size();) {
        qsizetype count = rows.size() - from;
        shown.rows = rows.mid(from, count);
        while (count > 1 && layoutSheet(part).size.height() > most)
            shown.rows = rows.mid(from, --count);
        addFigure(boxes, part, from == 0 ? 1 : 4, false, false);
        from += count;
    }
}

QVector<Box> boxesOf(const Report &report)
{
    QVector<Box> boxes;
    addText(boxes, report.title, {}, {17, 1.2, 0, ink, true}, Keep::WithNext);
    addText(boxes, {}, report.description, {10.5, 1.3, 2.5, ink, false}, Keep::WithNext);
    addText(boxes, {}, report.byline, {8, 1.3, 2, greyInk, false}, Keep::WithNext);
    Box rule;
    rule.height = 2;
    rule.before = 2;
    rule.draw = [](Scene &scene, double left, double y) {
        scene.line({left, y}, {left + textWidthMm, y}, faintInk, 0.25);
    };
    boxes << rule;
    for (qsizetype i = 0; i < report.blocks.size(); ++i) {
        const ReportBlock &block = report.blocks[i];
        switch (block.kind) {
        case Kind::Heading:
            addText(boxes, block.text, {},
                    block.level == 1 ? TextStyle{12.5, 1.25, 8, ink, true} : TextStyle{10.5, 1.25, 7, ink, true},
                    Keep::WithNext);
            break;
        case Kind::Text:
            addText(boxes, block.lead, block.text, {9.5, 1.32, 1.6, ink, false});
            break;
        case Kind::Spec:
            addText(boxes, block.lead, block.text, {7, 1.3, 1.4, greyInk, false});
            break;
        case Kind::Caption: {
            const bool above = i + 1 < report.blocks.size() && report.blocks[i + 1].kind == Kind::Table;
            addText(boxes, block.lead, block.text, {8, 1.3, above ? 4.5 : 1.5, ink, false},
                    above ? Keep::WithNext : Keep::Lines);
            break;
        }
        case Kind::Figure:
            addFigure(boxes, block.figure, 4, true, true);
            break;
        case Kind::Table:
            addTable(boxes, block.figure);
            break;
        }
    }
    return boxes;
}

} // namespace

QByteArray reportPdf(const Report &report)
{
    const QVector<Box> boxes = boxesOf(report);
    QVector<Scene> pages;
    double y = textHeight;
    const auto newPage = [&] {
        pages << Scene{};
        pages.back().size = QSizeF(pageWidth, pageHeight);
        y = 0;
    };
    for (qsizetype from = 0; from < boxes.size();) {
        qsizetype to = from; // a run of boxes that stay together
        double height = 0;
        do {
            height += (to == from ? 0 : boxes[to].before) + boxes[to].height;
        } while (boxes[to++].keep && to < boxes.size());
        if (pages.isEmpty() || y + boxes[from].before + height > textHeight + 0.01)
            newPage();
        for (; from < to; ++from) {
            if (y > 0 && y + boxes[from].before + boxes[from].height > textHeight + 0.01)
                newPage(); // the run is longer than a page
            y += y > 0 ? boxes[from].before : 0;
            boxes[from].draw(pages.back(), side, top + y);
            y += boxes[from].height;
        }
    }
    for (int i = 0; i < pages.size(); ++i) {
        const double base = pageHeight - bottom / 2;
        pages[i].text({side, base}, elided(report.title, 8, false, textWidthMm - 20), 8, Align::Left, greyInk);
        pages[i].text({pageWidth - side, base}, QStringLiteral("%1 / %2").arg(i + 1).arg(pages.size()), 8, Align::Right,
                      greyInk);
    }
    widgets::FigureSpec spec;
    spec.width = pageWidth;
    spec.height = pageHeight;
    spec.title = report.title;
    return scenesPdf(pages, report.metadata, spec);
}

} // namespace patchbay
