// The report's two files, each whole or not written at all.
#include "report/report.h"

#include "io/array_files.h"

namespace patchbay {

QStringList writeReport(const std::filesystem::path &folder)
{
    const Report report = composeReport(readReportSource(folder));
    QStringList written;
    for (const auto &[name, bytes] :
         {std::pair{"report.html", reportHtml(report)}, std::pair{"report.pdf", reportPdf(report)}}) {
        write_file(folder / name, bytes.toStdString());
        written << QString::fromStdString((folder / name).string());
    }
    return written;
}

} // namespace patchbay
