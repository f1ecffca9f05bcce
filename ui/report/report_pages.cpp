// The report as A4 pages: paragraphs broken into lines, figures kept with their captions, headings with what follows.
#include "report/fill_pages.h"
#include "report/report.h"

#include "figure/figure_font.h"
#include "figure/panel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

namespace patchbay {

using namespace widgets::figure;
using Kind = ReportBlock::Kind;
using widgets::FigureSheet;

namespace {

constexpr double pageWidth = 210, pageHeight = 297, side = 20, top = 20, bottom = 22;
constexpr double textWidthMm = pageWidth - 2 * side, textHeight = pageHeight - top - bottom;

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
        box.height = box.least = height;
        box.before = i == 0 ? style.before : 0;
        // No single line of a paragraph alone on a page.
        box.keep = keep == Keep::WithNext || (keep == Keep::Lines && i < lines.size() - 1)
            || (i == 0 && lines.size() > 1) || (lines.size() > 2 && i == lines.size() - 2);
        box.draw = [line = lines[i], style, height](Scene &scene, double left, double y, double) {
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

/// A figure may be drawn down to this share of its own height, where that saves half a page.
constexpr double leastShare = 0.62, leastFigure = 45;

void addFigure(QVector<Box> &boxes, const FigureSheet &sheet, double before, bool keep)
{
    FigureSheet fitted = sheet;
    fitted.spec.width = std::min(fitted.spec.width, textWidthMm);
    const double room = textHeight - 55, own = layoutSheet(fitted).size.height(); // leaves room for heading and caption
    const auto drawnAt = [fitted, own](double height) {
        FigureSheet lower = fitted;
        if (height < own - 0.01)
            lower.spec.height = height;
        return layoutSheet(lower);
    };
    Box box;
    box.height = drawnAt(std::min(own, room)).size.height();
    // Type keeps its size, so not every height can be had.
    box.least = std::min(box.height, drawnAt(std::max(leastFigure, own * leastShare)).size.height());
    box.before = before;
    box.keep = keep;
    box.draw = [drawnAt](Scene &scene, double left, double y, double height) {
        const Scene drawn = drawnAt(height);
        place(scene, drawn, {left + (textWidthMm - drawn.size.width()) / 2, y});
    };
    boxes << box;
}

/// One box a row. Rows that come to stand on one page are drawn as one table, each with the head.
void addTable(QVector<Box> &boxes, const FigureSheet &sheet, int table)
{
    FigureSheet part = sheet;
    auto &shown = std::get<widgets::TableView>(part.panels.front());
    const QVector<QStringList> rows = shown.rows;
    shown.rows.clear();
    shown.grey.clear();
    const double head = layoutSheet(part).size.height();
    double before = head;
    for (qsizetype row = 0; row < rows.size(); ++row) {
        shown.rows << rows[row];
        const double height = layoutSheet(part).size.height();
        Box box;
        box.height = height - before + (row == 0 ? head : 0);
        box.least = box.height;
        box.before = row == 0 ? 1 : 0;
        box.table = table;
        box.row = int(row);
        box.again = row == 0 ? 0 : head;
        // No single row of a table alone on a page.
        box.keep = (row == 0 && rows.size() > 1) || (rows.size() > 2 && row == rows.size() - 2);
        boxes << box;
        before = height;
    }
}

/// A line of the list of contents: its page is known only when all pages are filled.
struct Entry {
    QString text, anchor;
    int level = 1;
};

void addContents(QVector<Box> &boxes, const Report &report, qsizetype from,
                 const std::shared_ptr<const std::map<QString, int>> &pages)
{
    constexpr double points = 9;
    const double height = points * mmPerPoint * 1.3;
    for (qsizetype i = from; i < report.blocks.size(); ++i) {
        const ReportBlock &block = report.blocks[i];
        if (block.kind != Kind::Heading)
            continue;
        Box box;
        box.height = box.least = height;
        box.before = block.level == 1 ? 1 : 0;
        box.draw = [entry = Entry{block.text, block.anchor, block.level}, pages, height](Scene &scene, double left,
                                                                                         double y, double) {
            const bool bold = entry.level == 1;
            const double base = y + height * 0.5 + capHeight(points) / 2, indent = bold ? 0 : 5;
            const auto page = pages->find(entry.anchor);
            const QString number = page == pages->end() ? QString() : QString::number(page->second);
            const QString text = elided(entry.text, points, bold, textWidthMm - indent - 15);
            scene.text({left + indent, base}, text, points, Align::Left, ink, bold);
            scene.text({left + textWidthMm, base}, number, points, Align::Right, ink, bold);
            const double start = left + indent + textWidth(text, points, bold) + 2,
                         end = left + textWidthMm - textWidth(number, points, bold) - 2;
            for (double x = std::ceil(start / 2) * 2; x < end; x += 2)
                scene.dot({x, base - 0.2}, 0.14, faintInk);
        };
        boxes << box;
    }
}

/// pages: where each heading comes to stand, filled in by whoever fills the pages.
QVector<Box> boxesOf(const Report &report, const std::shared_ptr<const std::map<QString, int>> &pages)
{
    QVector<Box> boxes;
    addText(boxes, report.title, {}, {17, 1.2, 0, ink, true}, Keep::WithNext);
    addText(boxes, {}, report.description, {10.5, 1.3, 2.5, ink, false}, Keep::WithNext);
    addText(boxes, {}, report.byline, {8, 1.3, 2, greyInk, false}, Keep::WithNext);
    Box rule;
    rule.height = 2;
    rule.before = 2;
    rule.least = rule.height;
    rule.draw = [](Scene &scene, double left, double y, double) {
        scene.line({left, y}, {left + textWidthMm, y}, faintInk, 0.25);
    };
    boxes << rule;
    for (qsizetype i = 0; i < report.blocks.size(); ++i) {
        const ReportBlock &block = report.blocks[i];
        switch (block.kind) {
        case Kind::Contents:
        case Kind::Heading: {
            const qsizetype first = boxes.size();
            addText(boxes, block.text, {},
                    block.level == 1 ? TextStyle{12.5, 1.25, 8, ink, true} : TextStyle{10.5, 1.25, 7, ink, true},
                    Keep::WithNext);
            boxes[first].anchor = block.anchor;
            if (block.kind == Kind::Contents)
                addContents(boxes, report, i + 1, pages);
            break;
        }
        case Kind::Text: {
            // What is said of a step stays with its figure.
            const Kind next = i + 1 < report.blocks.size() ? report.blocks[i + 1].kind : Kind::Text;
            const bool together = next == Kind::Figure || next == Kind::Caption;
            addText(boxes, block.lead, block.text, {9.5, 1.32, 1.6, ink, false},
                    together ? Keep::WithNext : Keep::Nothing);
            break;
        }
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
            addFigure(boxes, block.figure, 4, true);
            break;
        case Kind::Table:
            addTable(boxes, block.figure, int(i));
            break;
        }
    }
    return boxes;
}

} // namespace

QVector<Scene> reportPages(const Report &report)
{
    const auto numbers = std::make_shared<std::map<QString, int>>();
    const QVector<Box> boxes = boxesOf(report, numbers);
    const QVector<PagePlan> plans = fillPages(boxes, textHeight);
    for (qsizetype page = 0; page < plans.size(); ++page)
        for (qsizetype i = plans[page].first; i < plans[page].end; ++i)
            if (!boxes[i].anchor.isEmpty())
                numbers->emplace(boxes[i].anchor, int(page) + 1);
    QVector<Scene> pages;
    for (const PagePlan &plan : plans) {
        Scene scene;
        scene.size = QSizeF(pageWidth, pageHeight);
        double y = top;
        for (qsizetype i = plan.first; i < plan.end; ++i) {
            const Box &box = boxes[i];
            y += i == plan.first ? 0 : box.before;
            if (box.table < 0) {
                const double height = box.height - plan.shrink * (box.height - box.least);
                box.draw(scene, side, y, height);
                y += height;
                continue;
            }
            FigureSheet part = report.blocks[box.table].figure;
            auto &shown = std::get<widgets::TableView>(part.panels.front());
            qsizetype rows = 0;
            while (i + rows < plan.end && boxes[i + rows].table == box.table)
                ++rows;
            shown.rows = shown.rows.mid(box.row, rows);
            shown.grey = shown.grey.mid(box.row, rows);
            const Scene drawn = layoutSheet(part);
            place(scene, drawn, {side, y});
            y += drawn.size.height();
            i += rows - 1;
        }
        pages << scene;
    }
    for (int i = 0; i < pages.size(); ++i) {
        const double base = pageHeight - bottom / 2;
        pages[i].text({side, base}, elided(report.title, 8, false, textWidthMm - 20), 8, Align::Left, greyInk);
        pages[i].text({pageWidth - side, base}, QStringLiteral("%1 / %2").arg(i + 1).arg(pages.size()), 8, Align::Right,
                      greyInk);
    }
    return pages;
}

QByteArray reportPdf(const Report &report)
{
    widgets::FigureSpec spec;
    spec.width = pageWidth;
    spec.height = pageHeight;
    spec.title = report.title;
    return scenesPdf(reportPages(report), report.metadata, spec);
}

} // namespace patchbay
