// What the window's parts tell each other: errors to the message bar, commands to the controllers.
#include "main_window.h"

#include "controllers/run_views.h"
#include "docks/model_dock.h"
#include "docks/notes_dock.h"
#include "docks/runs_dock.h"
#include "heatmap_widget.h"
#include "model/model_folder.h"
#include "script/python_script.h"
#include "shell/actions.h"
#include "shell/cached_models.h"
#include "shell/command_palette.h"
#include "shell/download_dialog.h"
#include "shell/export_flow.h"
#include "shell/kept_circuits.h"
#include "shell/message_bar.h"
#include "shell/progress_strip.h"
#include "shell/recent_models.h"
#include "shell/run_controls.h"
#include "shell/tour.h"
#include "views/heatmap_pane.h"

#include <QClipboard>
#include <QDockWidget>
#include <QGuiApplication>

namespace patchbay {

namespace {
bool ofSetup(const RunSpec &spec, const Setup &setup)
{
    return spec.model == setup.model_ref && spec.task == setup.task_ref;
}
} // namespace

void MainWindow::connectErrors()
{
    const auto say = [this](auto *controller, const QString &what, const QString &nextStep) {
        connect(controller, &std::remove_pointer_t<decltype(controller)>::failed, this,
                [this, what, nextStep](Failure failure) {
                    if (failure.nextStep.isEmpty())
                        failure.nextStep = nextStep;
                    m_messages->showFailure(what, failure);
                });
    };
    say(&m_explorer.document, tr("This could not be opened"), tr("Open another model folder or another file."));
    say(&m_explorer.runner, tr("The run failed"),
        tr("The other runs are as they were. Change the settings and run again."));
    say(&m_explorer.recipe, tr("The recipe cannot go on"), tr("Edit or skip the step, then run the rest."));
    say(&m_explorer.report, tr("The report was not drawn"), tr("Choose another folder."));
    say(&m_explorer.contribution, tr("The head's contribution cannot be shown"),
        tr("It needs a task whose prompts have an answer and a wrong answer in them."));
    say(&m_explorer.attention, tr("The attention cannot be shown"), tr("Choose another head, or the clean run."));
}

void MainWindow::connectActions()
{
    connect(m_actions->quit, &QAction::triggered, this, &QWidget::close);
    connect(m_actions->run, &QAction::triggered, this, &MainWindow::runFromControls);
    connect(m_actions->palette, &QAction::triggered, m_palette, &CommandPalette::open);
    connect(m_actions->resetLayout, &QAction::triggered, this, &MainWindow::useDefaultLayout);
    for (const QAction *go : std::as_const(m_actions->goTo))
        connect(go, &QAction::triggered, this, [this, place = go->data().toString()] {
            if (place == QStringLiteral("heatmap"))
                m_heatmap->heatmap()->setFocus(Qt::OtherFocusReason);
            else
                m_docking.reveal(place);
        });
    connect(m_actions->openModel, &QAction::triggered, this, &MainWindow::chooseModel);
    connect(m_actions->openProject, &QAction::triggered, this, &MainWindow::chooseFile);
    connect(m_actions->importPairs, &QAction::triggered, this, &MainWindow::choosePairs);
    connect(m_actions->exportFigure, &QAction::triggered, this, [this] { openExportDialog(*this, activeView(*this)); });
    connect(m_actions->saveResult, &QAction::triggered, this,
            [this] { saveResult(m_explorer.navigation.place().run); });
    connect(m_actions->drawReport, &QAction::triggered, this, &MainWindow::chooseReportFolder);
    m_explorer.report.setNotes([this] {
        std::vector<ReportNote> notes;
        for (const ProjectNote &note : m_explorer.project.notes())
            notes.push_back({subjectTitle(QString::fromStdString(note.kind), QString::fromStdString(note.subject),
                                          m_explorer.project, m_explorer.runs),
                             QString::fromStdString(note.text)});
        return notes;
    });
    connect(&m_explorer.report, &RecipeReport::written, m_messages, &MessageBar::showWritten);
    connect(m_actions->sums, &QAction::toggled, m_heatmap, &HeatmapPane::setSumsVisible);
    connect(m_actions->cellTexts, &QAction::toggled, m_heatmap, &HeatmapPane::setCellTextsVisible);
    connect(&m_explorer.paths, &PathController::nothingUpstream, this, [this] {
        m_messages->showNote(tr("Nothing is upstream of this run: its senders have no effect, or are in layer 0. "
                                "Choose other receivers, or start again from the final residual."));
    });
    // The roles are looked for beside what is on view; the mask can be chosen when they are there.
    connect(m_heatmap, &HeatmapPane::rolesRequested, this, [this] {
        m_messages->showNote(tr("Looking for the heads' roles: they can be chosen beside “Show” when they are known"));
        m_explorer.runner.run(HeadRoles::spec(), false, false);
    });
    connect(m_heatmap, &HeatmapPane::analysisRequested, this, [this](const QString &name) {
        const QString title = QString::fromStdString(find_analysis(name.toStdString())->title);
        m_messages->showNote(tr("%1: measured now; heads are masked when it is done").arg(title));
        m_explorer.runner.run(spec_of(Analysis{name.toStdString(), {}, nullptr}), false, false);
    });
    connect(&m_explorer.navigation, &Navigation::circuitChanged, this,
            [this] { keepCircuit(*m_explorer.document.setup(), m_explorer.navigation.place().circuit); });
    const auto openModel = [this](const QString &model) { m_explorer.document.openModel(model); };
    connect(m_recent, &RecentModels::chosen, this, openModel);
    connect(m_recent, &QMenu::aboutToShow, m_cached, &CachedModels::refresh);
    connect(m_cached, &CachedModels::chosen, this, openModel);
    connect(m_actions->downloadModel, &QAction::triggered, this, [this, openModel] {
        auto *dialog = findChild<DownloadDialog *>();
        if (!dialog) {
            dialog = new DownloadDialog(m_explorer.backend, this);
            connect(dialog, &DownloadDialog::ready, this, openModel);
        }
        dialog->show();
        dialog->raise();
        dialog->activateWindow();
    });
    connect(&m_explorer.recipe, &RecipeController::circuitShown, this,
            [this] { m_docking.raise(QStringLiteral("circuit")); });
    connect(m_modelDock, &ModelDock::importRequested, this, &MainWindow::choosePairs);
    connect(m_runsDock, &RunsDock::editRequested, m_controls, &RunControls::setSpec);
    connect(m_controls, &RunControls::metricChosen, this, [this](const QString &metric) {
        m_explorer.runner.showMetric(m_explorer.navigation.place().run, metric.toStdString());
    });
    connect(m_actions, &Actions::editRequested, m_controls, &RunControls::setSpec);
    connect(m_actions, &Actions::analysisRequested, this, [this](const QString &name) {
        runAnalysis(Analysis{name.toStdString(), {}, nullptr});
    });
    connect(m_actions, &Actions::renameRequested, this, [this](int run) {
        m_docking.reveal(QStringLiteral("runs"));
        m_runsDock->rename(run);
    });
    connect(m_runsDock, &RunsDock::saveRequested, this, &MainWindow::saveResult);
    connect(m_runsDock, &RunsDock::scriptRequested, this, &MainWindow::copyScript);
    connect(m_actions, &Actions::scriptRequested, this, &MainWindow::copyScript);
    connect(m_progress, &ProgressStrip::cancelRequested, m_actions->stop, &QAction::trigger);
    connect(&m_explorer.runner, &RunController::activeChanged, this, &MainWindow::updateProgress);
    connect(&m_explorer.document, &Document::loadingChanged, this, &MainWindow::updateProgress);
    connect(&m_explorer.recipe, &RecipeController::changed, this, &MainWindow::updateProgress);
    connect(&m_explorer.navigation, &Navigation::runChanged, this, &MainWindow::updateProgress);
    connect(&m_explorer.navigation, &Navigation::runChanged, this, &MainWindow::followTask);
    connect(&m_explorer.navigation, &Navigation::taskChanged, this, &MainWindow::followTask);
    // A task that could not be opened, or was cancelled, is not the one on view. Later: a setup that has come is told
    // of after the end of loading.
    connect(
        &m_explorer.document, &Document::loadingChanged, this,
        [this] {
            const Document &document = m_explorer.document;
            if (document.setup() && !document.loading() && !(m_explorer.navigation.place().task == document.task()))
                showTask();
        },
        Qt::QueuedConnection);
    connect(&m_explorer.document, &Document::loadingProgress, m_progress, &ProgressStrip::showShare);
    connect(&m_explorer.document, &Document::setupChanged, this, [this] {
        const auto &setup = m_explorer.document.setup();
        const bool sameModel = setup->model_ref == m_modelRef;
        m_modelRef = setup->model_ref;
        const Place &place = m_explorer.navigation.place();
        const RunEntry *shown = m_explorer.runs.find(place.run);
        const bool series = m_explorer.series.onView();
        if (!sameModel) {
            m_explorer.navigation.reset(keptCircuit(*setup), m_explorer.document.task());
            if (series) // it is of many models, this one perhaps among them
                m_explorer.series.show();
        } else if (series) {
            // Its task is its own.
        } else if (!(place.task == m_explorer.document.task()) || (shown && !ofSetup(shown->spec, *setup)))
            showTask(); // it was not asked for by a run or by undo, or the prompts are others than they were
        m_controls->setGrouped(setup->config().grouped());
        m_controls->setRoles(setup->batch);
        if (!is_demo(setup->model_ref.path))
            m_recent->add(QString::fromStdString(setup->model_ref.path));
    });
}

// Nothing on screen is of two tasks: the newest run of this one is on view, or none. Undo goes back to the other.
void MainWindow::showTask()
{
    Place place = m_explorer.navigation.place();
    place.task = m_explorer.document.task();
    place.run = place.comparedRun = place.prompt = -1;
    place.view.clear();
    for (const RunEntry &entry : m_explorer.runs.entries())
        if (place.run < 0 && ofSetup(entry.spec, *m_explorer.document.setup()))
            place.run = entry.id;
    const QString name = taskName(m_explorer.document.setup()->task_ref);
    m_explorer.navigation.go(place, tr("Change the task to %1").arg(name));
}

// A run of another task brings its task with it, and undo the one before.
void MainWindow::followTask()
{
    Document &document = m_explorer.document;
    const SetupPtr &setup = document.setup();
    if (!setup || document.loading() || !(setup->model_ref == m_modelRef))
        return;
    Place place = m_explorer.navigation.place();
    const RunEntry *run = m_explorer.series.onView() ? nullptr : m_explorer.runs.find(place.run);
    if (!(place.task == document.task())) {
        document.open({setup->model_ref, place.task});
    } else if (run && run->spec.model == setup->model_ref && !(run->spec.task == setup->task_ref)) {
        place.task = run->spec.task;
        m_explorer.navigation.go(place, {}); // of the step that brought the run: this is called again
    }
}

void MainWindow::copyScript(int run)
{
    const RunEntry *entry = m_explorer.runs.find(run);
    const SetupPtr &setup = m_explorer.document.setup();
    if (!entry || !entry->result || !setup)
        return;
    try {
        const RunSpec &spec = entry->result->spec;
        if (!ofSetup(spec, *setup))
            throw Error("run", "is of another model or task, whose prompts are not open here");
        const ModelRef &model = setup->model_ref;
        const std::string text = python_script(*entry->result, setup->batch,
                                               model_folder(model.path, model.commit).string(), setup->config());
        QGuiApplication::clipboard()->setText(QString::fromStdString(text));
        m_messages->showNote(
            tr("Copied: a script for TransformerLens 4 that computes the same cells and compares them"));
    } catch (...) {
        m_messages->showFailure(tr("There is no script of this run"), failureOf(std::current_exception()));
    }
}

void MainWindow::startTour()
{
    const auto dock = [this](const QString &name) {
        return [this, name]() -> QWidget * {
            m_docking.raise(name);
            return findChild<QDockWidget *>(name);
        };
    };
    const auto run = [this](const RunSpec &spec) {
        m_controls->setSpec(spec);
        m_actions->run->trigger();
    };
    ActPatch outputs;
    outputs.sites = {Site::Z};
    auto *tour = new Tour(
        {{tr("A model and a task"),
          tr("Patchbay shows which attention heads of a language model do a task. This is the demo model; its task is "
             "pairs of prompts, clean and flipped, that differ in one name. The gap between the two is 100 %."),
          dock(QStringLiteral("model")), [run, outputs] { run(spec_of(outputs)); }},
         {tr("Which heads matter"),
          tr("Every cell is a head, restored alone in the flipped run: blue brings the answer back. The sweep fills in "
             "while it computes. Click cells to select heads; Ctrl and Shift add more."),
          [this]() -> QWidget * { return m_heatmap; }, [this] { m_actions->selectStrongest->trigger(); }},
         {tr("Where they look"),
          tr("Selected heads show their attention: rows look at columns. One selection drives every view; Enter in a "
             "heatmap comes here."),
          dock(QStringLiteral("attention")), [this] { m_actions->finalResidual->trigger(); }},
         {tr("Whom they listen to"),
          tr("Path patching into q, k or v of the selected heads shows who tells them where to look; “Walk upstream” "
             "goes on from there."),
          dock(QStringLiteral("heads")),
          {}},
         {tr("All of it in one go"),
          tr("The recipe runs these steps and more, to a circuit and its report. Everything can be exported as a "
             "figure (Ctrl+E), and found by its name (Ctrl+K). The demo model has learnt another task, with other "
             "heads: "
             "File › Task, strangers."),
          dock(QStringLiteral("recipe")), [this] { m_docking.raise(QStringLiteral("model")); }}},
        this);
    if (!m_explorer.document.ready() || m_explorer.document.setup()->model_ref.path != "demo")
        m_actions->openDemo->trigger();
    tour->start();
}

} // namespace patchbay
