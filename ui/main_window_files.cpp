// Models, prompts and results: opened, imported and saved from the window.
#include "main_window.h"

#include "shell/message_bar.h"
#include "shell/project_flow.h"
#include "shell/run_controls.h"
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

void MainWindow::chooseFile()
{
    auto *dialog = new QFileDialog(this, tr("Open a project, a result or a figure"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters(
        {tr("All that can be opened (*.patchbay *.safetensors *.npz *.json *.pt *.pth *.pdf *.svg *.png)"),
         tr("Patchbay projects (*.patchbay)"), tr("Results (*.safetensors *.npz *.json)"),
         tr("Figures (*.pdf *.svg *.png)"), tr("Graphs of edges of EAP-IG and MIB (*.json *.pt)"),
         tr("Numbers of other programs (*.pt *.pth *.npz *.safetensors)")});
    connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::openPath);
    dialog->open();
}

void MainWindow::openFirst(const QString &path)
{
    Document &document = m_explorer.document;
    const FileKind kind = document.setup() ? FileKind::Other : kindOf(path);
    if (kind != FileKind::Edges && kind != FileKind::Numbers)
        return openPath(path);
    connect(
        &document, &Document::setupChanged, this, [this, path] { openPath(path); }, Qt::SingleShotConnection);
}

void MainWindow::openPath(const QString &path)
{
    const FileKind kind = kindOf(path);
    switch (kind) {
    case FileKind::Project:
        return m_project->open(path);
    case FileKind::Series:
        return openSeries(path);
    case FileKind::Edges: // it is of the open model and stops nothing
        return m_explorer.edges.open(path);
    case FileKind::Numbers: // so are these: a run beside the others
        return importNumbers(path);
    case FileKind::Result:
    case FileKind::Recipe:
        return openResults(path, kind);
    case FileKind::Figure:
        return openFigure(path);
    case FileKind::Other:
        whenNothingRuns(QFileInfo(path).fileName(), [this, path] { openDropped(m_explorer.document, path); });
    }
}

// A result that was saved stands in the list like one that was computed here, with its model and task if they are
// there.
void MainWindow::openResults(const QString &path, FileKind kind)
{
    try {
        int last = -1;
        for (RunEntry &entry : runsOf(path, kind))
            last = m_explorer.runs.add(std::move(entry));
        const RunEntry *entry = m_explorer.runs.find(last);
        if (!entry)
            return;
        whenNothingRuns(entry->name, [this, last, spec = entry->spec] {
            withTaskOf(spec, [this, last] { m_explorer.navigation.showRun(last); });
        });
    } catch (...) {
        m_messages->showFailure(tr("This could not be opened"), failureOf(std::current_exception()));
    }
}

void MainWindow::chooseNumbers()
{
    auto *dialog = new QFileDialog(this, tr("Open numbers of another program"), {},
                                   tr("Arrays (*.pt *.pth *.npz *.safetensors *.json)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, &MainWindow::importNumbers);
    dialog->open();
}

// What another program computed of the open model stands in the list beside what is computed here.
void MainWindow::importNumbers(const QString &path)
{
    runAnalysis(Analysis{"imported", {}, {{"file", QFileInfo(path).absoluteFilePath().toStdString()}}});
}

// What it shows is run again, unless it is there.
void MainWindow::openFigure(const QString &path)
{
    try {
        const std::vector<RunSpec> specs = specsOfFigure(path);
        whenNothingRuns(QFileInfo(path).fileName(), [this, specs] {
            withTaskOf(specs.front(), [this, specs] {
                m_controls->setSpec(specs.front());
                for (const RunSpec &spec : specs)
                    m_explorer.runner.run(spec);
            });
        });
    } catch (...) {
        m_messages->showFailure(tr("This could not be opened"), failureOf(std::current_exception()));
    }
}

// Where it cannot be opened, which is said, what is to be done then happens all the same.
void MainWindow::withTaskOf(const RunSpec &spec, const std::function<void()> &then)
{
    Document &document = m_explorer.document;
    const SetupPtr &setup = document.setup();
    if (setup && !document.loading() && spec.model == setup->model_ref && spec.task == setup->task_ref)
        return then();
    auto *waiting = new QObject(this);
    const auto go = [waiting, then] {
        waiting->deleteLater();
        then();
    };
    connect(&document, &Document::setupChanged, waiting, go, Qt::SingleShotConnection);
    connect(&document, &Document::failed, waiting, go, Qt::SingleShotConnection);
    document.open({spec.model, spec.task});
}

// What runs belongs to the task that is open: opening another would stop it.
void MainWindow::whenNothingRuns(const QString &what, const std::function<void()> &open)
{
    if (m_explorer.runner.activeRun() < 0 && !m_explorer.recipe.busy())
        return open();
    auto *ask = new QMessageBox(QMessageBox::Question, tr("A run is going on"),
                                tr("Opening %1 stops it. Finished cells stay, and the run can be continued when its "
                                   "task is open again.")
                                    .arg(what),
                                QMessageBox::Cancel, this);
    ask->setAttribute(Qt::WA_DeleteOnClose);
    auto *now = ask->addButton(tr("Stop and open"), QMessageBox::DestructiveRole);
    auto *later = ask->addButton(tr("Open when it is done"), QMessageBox::AcceptRole);
    ask->setDefaultButton(later);
    connect(now, &QPushButton::clicked, this, open);
    connect(later, &QPushButton::clicked, this, [this, open] {
        auto *waiting = new QObject(this); // until nothing runs any more
        const auto look = [this, waiting, open] {
            if (m_explorer.runner.activeRun() >= 0 || m_explorer.recipe.busy())
                return;
            waiting->deleteLater();
            disconnect(&m_explorer.runner, nullptr, waiting, nullptr);
            disconnect(&m_explorer.recipe, nullptr, waiting, nullptr);
            open();
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
