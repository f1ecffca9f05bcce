// The report as one HTML page that is well-formed XML: inline SVG, its font embedded, nothing fetched.
#include "report/report.h"

#include <algorithm>

namespace patchbay {

using Kind = ReportBlock::Kind;

namespace {

constexpr const char *style = R"css(
:root{color-scheme:light}
body{margin:0;background:#fff;color:#111;font:15px/1.5 'Liberation Sans',Arial,Helvetica,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.2rem;margin:2.2rem 0 .5rem}
h3{font-size:1.02rem;margin:1.8rem 0 .3rem}
p{margin:.4rem 0}
.description{font-size:1.05rem}
.byline,.spec{color:#555}
.byline{font-size:.87rem;padding-bottom:1rem;border-bottom:1px solid #ccc}
figure{margin:1.1rem 0 1.3rem}
figure svg{display:block;max-width:100%;height:auto;margin:0 auto .5rem}
figcaption{font-size:.82rem;line-height:1.42;color:#333}
figcaption a{color:#1a5a96}
.scroll{overflow-x:auto;margin-top:.5rem}
table{border-collapse:collapse;font-size:.82rem;line-height:1.35;border-top:2px solid #111;border-bottom:2px solid #111}
th{text-align:left;border-bottom:1px solid #111;vertical-align:bottom}
th,td{padding:.22rem 1rem .22rem 0;vertical-align:top}
th:last-child,td:last-child{padding-right:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td:first-child{white-space:nowrap}
.spec{font-size:.75rem;line-height:1.4;overflow-wrap:anywhere}
@media print{main{max-width:none;padding:0}figure{break-inside:avoid}h2,h3{break-after:avoid}}
)css";

QString escaped(const QString &text)
{
    QString out;
    for (const QChar c : text.toHtmlEscaped())
        if (c.unicode() >= 0x20 || c == QLatin1Char('\n')
            || c == QLatin1Char('\t')) // XML has no other control characters
            out += c;
    return out;
}

QString withLead(const ReportBlock &block)
{
    return (block.lead.isEmpty() ? QString() : QStringLiteral("<strong>%1</strong> ").arg(escaped(block.lead)))
        + escaped(block.text);
}

QString captionHtml(const ReportBlock &block)
{
    const QString data = block.file.isEmpty()
        ? QString()
        : QStringLiteral(" <a href=\"%1\">Numbers: %2</a>")
              .arg(QString::fromUtf8(QUrl::toPercentEncoding(block.file)), escaped(block.file));
    return QStringLiteral("<figcaption>%1%2</figcaption>\n").arg(withLead(block), data);
}

bool isNumeric(const widgets::TableView &table, int column)
{
    return !table.rows.isEmpty() && std::all_of(table.rows.begin(), table.rows.end(), [column](const QStringList &row) {
        const QString cell = row.value(column).trimmed();
        return cell.isEmpty()
            || (cell.size() < 14 && (cell[0].isDigit() || QStringLiteral("+-\u2212\u00b1.\u2013").contains(cell[0])));
    });
}

QString tableHtml(const widgets::TableView &table)
{
    QString out = QStringLiteral("<div class=\"scroll\"><table>\n<thead><tr>");
    QStringList open;
    for (int column = 0; column < table.columns.size(); ++column) {
        open << (isNumeric(table, column) ? QStringLiteral(" class=\"n\">") : QStringLiteral(">"));
        out += QStringLiteral("<th") + open.back() + escaped(table.columns[column]) + QStringLiteral("</th>");
    }
    out += QStringLiteral("</tr></thead>\n<tbody>\n");
    for (const QStringList &row : table.rows) {
        out += QStringLiteral("<tr>");
        for (int column = 0; column < table.columns.size(); ++column)
            out += QStringLiteral("<td") + open[column] + escaped(row.value(column)) + QStringLiteral("</td>");
        out += QStringLiteral("</tr>\n");
    }
    return out + QStringLiteral("</tbody></table></div>\n");
}

QString figureHtml(const ReportBlock &block)
{
    // The caption is what a reader who does not see the drawing gets.
    QString svg = widgets::figureInlineSvg(block.figure);
    return svg.replace(QStringLiteral("role=\"img\""),
                       QStringLiteral("role=\"img\" aria-label=\"%1\"").arg(escaped(block.text)));
}

} // namespace

QByteArray reportHtml(const Report &report)
{
    QString body =
        QStringLiteral(
            "<main>\n<header>\n<h1>%1</h1>\n<p class=\"description\">%2</p>\n<p class=\"byline\">%3</p>\n</header>\n")
            .arg(escaped(report.title), escaped(report.description), escaped(report.byline));
    for (qsizetype i = 0; i < report.blocks.size(); ++i) {
        const ReportBlock &block = report.blocks[i];
        switch (block.kind) {
        case Kind::Heading:
            body += QStringLiteral("<h%1 id=\"%2\">%3</h%1>\n")
                        .arg(block.level + 1)
                        .arg(escaped(block.anchor), escaped(block.text));
            break;
        case Kind::Text:
            body += QStringLiteral("<p>%1</p>\n").arg(withLead(block));
            break;
        case Kind::Spec:
            body += QStringLiteral("<p class=\"spec\">%1</p>\n").arg(withLead(block));
            break;
        case Kind::Caption: // of the table that follows
            body += QStringLiteral("<figure>\n") + captionHtml(block);
            break;
        case Kind::Table:
            body +=
                tableHtml(std::get<widgets::TableView>(block.figure.panels.front())) + QStringLiteral("</figure>\n");
            break;
        case Kind::Figure:
            body += QStringLiteral("<figure>\n") + figureHtml(block);
            if (i + 1 < report.blocks.size() && report.blocks[i + 1].kind == Kind::Caption)
                body += captionHtml(report.blocks[++i]);
            body += QStringLiteral("</figure>\n");
            break;
        }
    }
    body += QStringLiteral("</main>\n");
    QString letters;
    for (const QChar c : body)
        if (!letters.contains(c))
            letters += c;
    std::sort(letters.begin(), letters.end());
    return "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta "
           "charset=\"utf-8\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"generator\" "
           "content=\""
        + escaped(report.metadata.version).toUtf8() + "\"/>\n<title>" + escaped(report.title).toUtf8()
        + "</title>\n<style>\n" + widgets::figureFontFaces(letters, letters) + style + "</style>\n</head>\n<body>\n"
        + body.toUtf8() + "</body>\n</html>\n";
}

} // namespace patchbay
