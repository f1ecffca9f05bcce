// The report as one HTML page that is well-formed XML: inline SVG, its font and a small script in it, nothing fetched.
#include "report/report.h"
#include "report/report_attention.h"

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
.z{color:#808080}
nav ol{list-style:none;margin:.4rem 0;padding:0;font-size:.92rem;columns:2;column-gap:2rem}
nav li{break-inside:avoid;margin:.1rem 0}
nav li.two{padding-left:1rem}
nav a{color:#1a5a96;text-decoration:none}
nav a:hover{text-decoration:underline}
th button{font:inherit;font-weight:bold;color:inherit;background:none;border:0;padding:0;text-align:inherit;cursor:pointer}
th button::after{content:'\\2195';color:#999;padding-left:.25em;font-weight:normal}
th[aria-sort=ascending] button::after{content:'\\2191';color:#111}
th[aria-sort=descending] button::after{content:'\\2193';color:#111}
.h:hover{stroke:#111;stroke-width:1}
#tip{position:fixed;z-index:2;display:none;pointer-events:none;max-width:24rem;padding:.15rem .45rem;background:#111;color:#fff;font-size:.8rem;border-radius:3px}
.spec{font-size:.75rem;line-height:1.4;overflow-wrap:anywhere}
@media print{th button::after{content:none}main{max-width:none;padding:0}figure{break-inside:avoid}h2,h3{break-after:avoid}}
)css";

/// Tables sort by a click on a column's title: heads by layer and head, numbers by size, others as texts, as in the
/// window. Drawings say at once what they say after a while without this.
constexpr const char *script = R"js(
(function () {
  'use strict';
  function key(text) {
    var head = /^L(\d+)(?:H(\d+))?\b/.exec(text);
    if (head) return [0, head[1] * 1e6 + (head[2] === undefined ? -1 : +head[2])];
    var number = /^[\[\u00b1]?([+\-\u2212]?)(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.])/.exec(text);
    if (number) return [1, (number[1] === '' || number[1] === '+' ? 1 : -1) * number[2]];
    return [2, text];
  }
  function before(a, b) {
    if (a[0] !== b[0]) return a[0] - b[0];
    return a[0] === 2 ? a[1].localeCompare(b[1]) : a[1] - b[1];
  }
  document.querySelectorAll('table.sortable').forEach(function (table) {
    var titles = table.tHead.rows[0].cells;
    Array.prototype.forEach.call(titles, function (title, column) {
      title.querySelector('button').addEventListener('click', function () {
        var down = title.getAttribute('aria-sort') === 'ascending';
        Array.prototype.forEach.call(titles, function (other) { other.removeAttribute('aria-sort'); });
        title.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        var body = table.tBodies[0];
        Array.prototype.map.call(body.rows, function (row, place) {
          return {row: row, place: place, key: key(row.cells[column].textContent.trim())};
        }).sort(function (a, b) {
          return (down ? -1 : 1) * before(a.key, b.key) || a.place - b.place;
        }).forEach(function (one) { body.appendChild(one.row); });
      });
    });
  });
  var tip = document.getElementById('tip');
  document.querySelectorAll('svg .h').forEach(function (area) {
    var title = area.querySelector('title'), text = title.textContent;
    area.removeChild(title);
    area.dataset.text = text;
    area.addEventListener('pointermove', function (event) {
      tip.textContent = text;
      tip.style.display = 'block';
      tip.style.left = Math.max(4, Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8)) + 'px';
      tip.style.top = Math.max(4, Math.min(event.clientY + 16, window.innerHeight - tip.offsetHeight - 8)) + 'px';
    });
    area.addEventListener('pointerleave', function () { tip.style.display = 'none'; });
  });
}());
)js";

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
    QString out = QStringLiteral("<div class=\"scroll\"><table class=\"sortable\">\n<thead><tr>");
    QStringList open;
    for (int column = 0; column < table.columns.size(); ++column) {
        open << (isNumeric(table, column) ? QStringLiteral(" class=\"n\">") : QStringLiteral(">"));
        out += QStringLiteral("<th") + open.back() + QStringLiteral("<button type=\"button\">")
            + escaped(table.columns[column]) + QStringLiteral("</button></th>");
    }
    out += QStringLiteral("</tr></thead>\n<tbody>\n");
    for (qsizetype i = 0; i < table.rows.size(); ++i) {
        out += QStringLiteral("<tr>");
        for (int column = 0; column < table.columns.size(); ++column) {
            const QString cell = escaped(table.rows[i].value(column));
            out += QStringLiteral("<td") + open[column]
                + (table.isGrey(i, column) ? QStringLiteral("<span class=\"z\">%1</span>").arg(cell) : cell)
                + QStringLiteral("</td>");
        }
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

namespace {

QString contentsHtml(const Report &report, qsizetype from)
{
    QString list = QStringLiteral("<nav aria-labelledby=\"contents\">\n<h2 id=\"contents\">%1</h2>\n<ol>\n")
                       .arg(escaped(report.blocks[from].text));
    for (const ReportBlock &block : report.blocks.mid(from + 1))
        if (block.kind == Kind::Heading)
            list += QStringLiteral("<li%1><a href=\"#%2\">%3</a></li>\n")
                        .arg(block.level > 1 ? QStringLiteral(" class=\"two\"") : QString(), escaped(block.anchor),
                             escaped(block.text));
    return list + QStringLiteral("</ol>\n</nav>\n");
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
        case Kind::Contents:
            body += contentsHtml(report, i);
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
            body += (block.attention < 0 ? QStringLiteral("<figure>\n")
                                         : QStringLiteral("<figure data-attention=\"%1\">\n").arg(block.attention))
                + figureHtml(block);
            if (i + 1 < report.blocks.size() && report.blocks[i + 1].kind == Kind::Caption)
                body += captionHtml(report.blocks[++i]);
            body += QStringLiteral("</figure>\n");
            break;
        }
    }
    body += QStringLiteral("</main>\n<div id=\"tip\" role=\"tooltip\"></div>\n");
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
        + "</title>\n<style>\n" + widgets::figureFontFaces(letters, letters) + style
        + (report.attention.isEmpty() ? "" : attentionStyle) + "</style>\n</head>\n<body>\n" + body.toUtf8()
        + attentionHtml(report.attention) + "<script>//<![CDATA[" + script + "//]]></script>\n</body>\n</html>\n";
}

} // namespace patchbay
