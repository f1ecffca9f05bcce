// The report of a recipe: a short paper as blocks, written once as an HTML page and once as PDF pages.
#pragma once

#include "analysis/series_measures.h"
#include "figure/figure.h"
#include "figure/scene.h"
#include "report/reader_attention.h"
#include "report/report_source.h"

#include <QByteArray>
#include <QStringList>
#include <QVector>

namespace patchbay {

struct ReportBlock {
    enum class Kind {
        Heading, ///< text; level 1 or 2
        Text,    ///< a paragraph; `lead` is set in bold before it
        Caption, ///< the same, small, below a figure or above a table
        Figure,
        Table,
        Contents, ///< the list of all headings after it
        Spec      ///< machine-readable text, smallest
    };
    Kind kind = Kind::Text;
    QString text, lead;
    int level = 1;               ///< 1, or 2 within one
    QString anchor;              ///< of headings: the step's id
    QString file;                ///< of captions: where the numbers are, beside the report
    widgets::FigureSheet figure; ///< also for tables: one panel, as it is printed
    qsizetype attention = -1;    ///< of figures of heads: a click shows them there; −1: none
};

struct Report {
    QString title, description, byline;
    QVector<ReportBlock> blocks;
    widgets::FigureMetadata metadata;
    QVector<ReaderAttention> attention; ///< behind the page's pictures of heads
};

/// The whole text with its figures. Throws Error where a result does not hold what its step should show.
Report composeReport(const ReportSource &source);

/// How many rows of a step's table are drawn: {"kind": "table", "rows": 20} draws the first ones.
qsizetype shownRows(const ReportStep &step);
/// What a step shows: nothing, one or two sheets (a circuit is drawn and tabled).
QVector<widgets::FigureSheet> stepFigures(const ReportSource &source, const ReportStep &step);
/// What a step's figure shows: what was patched into what, the direction and the metric. graph: of a circuit, the
/// drawing instead of the table.
QString stepCaption(const ReportSource &source, const ReportStep &step, bool graph);
/// What a step found, in a sentence or two.
QString stepFinding(const ReportStep &step);

/// The first page: what was found, with its numbers, what was not, and how it hangs on these prompts.
QVector<ReportBlock> findingBlocks(const ReportSource &source);

/// A page that needs nothing beside it, well-formed as XML.
QByteArray reportHtml(const Report &report);
/// A4 pages as marks: for the writer and for who looks whether they are filled.
QVector<widgets::figure::Scene> reportPages(const Report &report);
/// A4 pages: text in embedded fonts, figures as vectors.
QByteArray reportPdf(const Report &report);

/// Of a series over training (analysis/series_measures.h).
Report composeSeriesReport(const SeriesResults &series, const SeriesMeasures &measures);

/// Reads the folder, of a recipe or a series, and writes report.html and report.pdf into it. Returns the two files.
/// Throws Error, widgets::FigureError.
QStringList writeReport(const std::filesystem::path &folder);
/// Of a series, and the numbers it shows beside it; options: which.
QStringList writeSeriesReport(const std::filesystem::path &folder, const MeasureOptions &options = {});

} // namespace patchbay
