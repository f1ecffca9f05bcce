// A project for a reader who has no Patchbay: one page that needs nothing beside it.
#pragma once

#include "project/contents.h"
#include "report/report.h"
#include "views.h"

#include <functional>

namespace patchbay {

/// The finished runs that are pinned, or all where none is; in the order in which they were made.
std::vector<ProjectRun> chosenRuns(const ProjectContents &contents);

/// Where the attention behind pictures of heads comes from: asked once for each model and task.
using PageAttention = std::function<ReaderAttention(const RunSpec &of)>;

/// The chosen runs, each with its view, caption, note and command; attention as it is given; the other notes; the
/// commands of the history. Throws Error where there is nothing to read.
Report composeProjectReport(const ProjectContents &contents, const QString &title,
                            const QVector<widgets::AttentionView> &attention = {}, const PageAttention &behind = {});

/// The same as an HTML page that opens without a network, and on which a click on a head shows its attention (see
/// attentionForReader). Throws Error.
void writeForReader(const QString &file, const ProjectContents &contents, const QString &title,
                    const QVector<widgets::AttentionView> &attention = {});

} // namespace patchbay
