// The scrub through a series as numbered pictures: one heatmap a step, all on one scale.
#pragma once

#include "analysis/series_results.h"
#include "export/export_files.h"

namespace patchbay {

/// Writes 001-step0.png, 002-step100.png … into a folder, numbered by their places in the series: of steps that have no
/// heatmap there is none. Returns the files. progress gets (done, of how many) and may return false to stop. Throws
/// Error or widgets::FigureError.
QStringList exportScrub(const QString &folder, const SeriesResults &series, const std::string &part,
                        const widgets::FigureSpec &spec, const std::function<bool(int, int)> &progress = {});

} // namespace patchbay
