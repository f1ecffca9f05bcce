#include "export/scrub_pictures.h"

#include "io/array_files.h"

#include <QDir>

namespace patchbay {

QStringList exportScrub(const QString &folder, const SeriesResults &series, const std::string &part,
                        const widgets::FigureSpec &spec, const std::function<bool(int, int)> &progress)
{
    make_folder(folder.toStdString());
    QStringList files;
    const int count = int(series.steps.size());
    for (int i = 0; i < count; ++i) {
        if (progress && !progress(i, count))
            break;
        const RunResultPtr result = series.result(size_t(i), part);
        if (!result)
            continue;
        FigureSubject subject;
        subject.result = result;
        widgets::HeatmapView view = heatmapView(*result);
        if (view.facets.isEmpty())
            continue;
        if (const auto of = series.largest.find(part); of != series.largest.end())
            if (const auto largest = of->second.find(view.unit.toStdString()); largest != of->second.end())
                view.floor = largest->second;
        view.title = QString::fromStdString(series.steps[size_t(i)].name);
        subject.content = std::move(view);
        const QString file =
            QDir(folder).filePath(QStringLiteral("%1-%2.png")
                                      .arg(i + 1, 3, 10, QLatin1Char('0'))
                                      .arg(fileNameFor(QString::fromStdString(series.steps[size_t(i)].name))));
        files += exportFigure(file, {subject}, spec, false);
    }
    return files;
}

} // namespace patchbay
