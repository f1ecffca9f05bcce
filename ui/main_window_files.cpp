// Models, prompts and results: opened, imported and saved from the window.
#include "main_window.h"

#include "analysis/series_results.h"
#include "shell/message_bar.h"
#include "shell/window_files.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>

namespace patchbay {

void MainWindow::chooseModel()
{
    const QString folder =
        QFileDialog::getExistingDirectory(this, tr("Open a model folder (config.json, weights, tokenizer.json)"));
    if (!folder.isEmpty())
        openPath(folder);
}

void MainWindow::choosePairs()
{
    const QString file = QFileDialog::getOpenFileName(
        this, tr("Import prompts or token ids"), {},
        tr("Prompt pairs or token ids (*.jsonl *.ndjson *.json *.csv *.tsv *.safetensors)"));
    if (!file.isEmpty())
        openPath(file);
}

// What runs belongs to the task that is open: opening another would stop it.
void MainWindow::openPath(const QString &path)
{
    if (is_series(path.toStdString())) {
        openSeries(path);
        return;
    }
    if (isEdgesFile(path)) { // it is of the open model and stops nothing
        m_explorer.edges.open(path);
        return;
    }
    if (m_explorer.runner.activeRun() < 0 && !m_explorer.recipe.busy()) {
        openDropped(m_explorer.document, path);
        return;
    }
    auto *ask = new QMessageBox(QMessageBox::Question, tr("A run is going on"),
                                tr("Opening %1 stops it. Finished cells stay, and the run can be continued when its "
                                   "task is open again.")
                                    .arg(QFileInfo(path).fileName()),
                                QMessageBox::Cancel, this);
    ask->setAttribute(Qt::WA_DeleteOnClose);
    auto *now = ask->addButton(tr("Stop and open"), QMessageBox::DestructiveRole);
    auto *later = ask->addButton(tr("Open when it is done"), QMessageBox::AcceptRole);
    ask->setDefaultButton(later);
    connect(now, &QPushButton::clicked, this, [this, path] { openDropped(m_explorer.document, path); });
    connect(later, &QPushButton::clicked, this, [this, path] {
        auto *waiting = new QObject(this); // until nothing runs any more
        const auto look = [this, waiting, path] {
            if (m_explorer.runner.activeRun() >= 0 || m_explorer.recipe.busy())
                return;
            waiting->deleteLater();
            disconnect(&m_explorer.runner, nullptr, waiting, nullptr);
            disconnect(&m_explorer.recipe, nullptr, waiting, nullptr);
            openDropped(m_explorer.document, path);
        };
        connect(&m_explorer.runner, &RunController::activeChanged, waiting, look);
        connect(&m_explorer.recipe, &RecipeController::changed, waiting, look);
        look();
    });
    ask->open();
}

void MainWindow::chooseReportFolder()
{
    auto *dialog = new QFileDialog(this, tr("Folder for the report and the results of the recipe"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, &m_explorer.report, &RecipeReport::write);
    dialog->open();
}

void MainWindow::saveResult(int id)
{
    const RunEntry *entry = m_explorer.runs.find(id);
    if (!entry || !entry->result)
        return;
    const QString file =
        QFileDialog::getSaveFileName(this, tr("Save the result"), entry->name + QStringLiteral(".safetensors"),
                                     tr("Results (*.safetensors *.npz *.json *.csv)"));
    if (file.isEmpty())
        return;
    if (const auto failure = saveResultTo(file, *entry->result))
        m_messages->showFailure(tr("The result was not saved"), *failure);
    else
        m_messages->showNote(tr("Saved %1").arg(file));
}

} // namespace patchbay
