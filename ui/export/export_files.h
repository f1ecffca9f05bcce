// Figures and the numbers beside them, as files.
#pragma once

#include "base/array.h"
#include "export/figure_subject.h"

#include <QStringList>

#include <functional>

namespace patchbay {

/// The numbers as drawn, in the figure's units: heatmaps "heatmap.<facet>" [rows, columns]; attention "attention"
/// [destination, source]; scatters "scatter.<series>" [points, 2]; bars "bars" [bars, 2] value and half-width; edges of
/// graphs "edges" [edges, 1].
ArrayMap drawnNumbers(const widgets::FigureContent &content, const widgets::FigureSpec &spec = {});

/// Writes the figure, and with numbers also FILE.csv (as drawn) and FILE.npz (of a run: the whole result, per prompt,
/// readable again). Everything is whole or not there. Returns the files written. Throws widgets::FigureError or Error
/// naming file and cause.
QStringList exportFigure(const QString &path, const std::vector<FigureSubject> &subjects,
                         const widgets::FigureSpec &spec, bool numbers, int columns = 0);

struct BatchReport {
    QStringList written;
    QStringList failed; ///< "title: cause", one a run that could not be drawn; the others are still written
};
/// One figure a result in a folder, named after the run ("01-activation-patching-of-z-denoising.pdf"). type: "pdf",
/// "svg", "png". progress gets (done, of how many) and may return false to stop.
BatchReport exportAll(const QString &folder, const std::vector<RunResultPtr> &results, const FigureChoices &choices,
                      const widgets::FigureSpec &spec, const QString &type, bool numbers,
                      const std::function<bool(int, int)> &progress = {});

/// "activation-patching-of-z-denoising": a title as a file name.
QString fileNameFor(const QString &title);

} // namespace patchbay
