// The report's two files, each whole or not written at all.
#include "report/report.h"

#include "io/array_files.h"

namespace patchbay {

namespace {

QStringList writeFiles(const std::filesystem::path &folder, const Report &report)
{
    QStringList written;
    for (const auto &[name, bytes] :
         {std::pair{"report.html", reportHtml(report)}, std::pair{"report.pdf", reportPdf(report)}}) {
        write_file(folder / name, bytes.toStdString());
        written << QString::fromStdString((folder / name).string());
    }
    return written;
}

} // namespace

QStringList writeReport(const std::filesystem::path &folder)
{
    return is_series(folder) ? writeSeriesReport(folder) : writeFiles(folder, composeReport(readReportSource(folder)));
}

QStringList writeSeriesReport(const std::filesystem::path &folder, const MeasureOptions &options)
{
    const SeriesResults series = read_series(folder);
    const SeriesMeasures measures = measure(series, options);
    write_measures(folder, series, measures);
    return writeFiles(folder, composeSeriesReport(series, measures));
}

} // namespace patchbay
