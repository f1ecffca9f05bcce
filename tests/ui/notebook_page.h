// The handbook's page on the notebook: how each step was done, as the test that goes through them did it.
#pragma once

#include <QString>
#include <QVector>

namespace patchbay {

struct NotebookRow {
    QString cells, step, mouse, keys, command;
};

inline QString notebookPage(const QVector<NotebookRow> &rows)
{
    QString page = QStringLiteral(
        "# The notebook, step by step\n\n[Handbook](README.md) · before: [First steps](first-steps.md)\n\n"
        "Whoever knows the usual notebook of the IOI circuit finds its steps here: where they are in the window, "
        "by "
        "mouse and by keyboard alone, and on the\ncommand line. The heads are those of the demo model, with 70 "
        "prompts. A test goes this way at every change and compares what is on screen with\nwhat the command line "
        "says; it also writes this page.\n\n| Cells | Step | By mouse | By keyboard | `patchbay-cli` "
        "|\n|---|---|---|---|---|\n");
    for (const NotebookRow &row : rows)
        page += QStringLiteral("| %1 | %2 | %3 | %4 | %5 |\n")
                    .arg(row.cells, row.step, row.mouse, row.keys,
                         row.command.isEmpty() ? QString() : QStringLiteral("`%1`").arg(row.command));
    return page
        + QStringLiteral("\nThe bars, the scatter and the mask show a run that is there already, so they need no "
                         "command of their own; `patchbay figure` draws them from its file.\n");
}

} // namespace patchbay
