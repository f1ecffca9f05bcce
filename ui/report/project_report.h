// A project for a reader who has no Patchbay: one page that needs nothing beside it.
#pragma once

#include "project/contents.h"
#include "report/report.h"
#include "views.h"

namespace patchbay {

/// The finished runs that are pinned, or all where none is; in the order in which they were made.
std::vector<ProjectRun> chosenRuns(const ProjectContents &contents);

/// The chosen runs, each with its view, caption, note and command; attention as it is given; the other notes; the
/// commands of the history. Throws Error where there is nothing to read.
Report composeProjectReport(const ProjectContents &contents, const QString &title,
                            const QVector<widgets::AttentionView> &attention = {});

/// The same as an HTML page that opens without a network. Throws Error.
void writeForReader(const QString &file, const ProjectContents &contents, const QString &title,
                    const QVector<widgets::AttentionView> &attention = {});

} // namespace patchbay
