// What the window's parts tell each other: errors to the message bar, commands to the controllers.
#include "main_window.h"

#include "docks/model_dock.h"
#include "docks/runs_dock.h"
#include "shell/actions.h"
#include "shell/command_palette.h"
#include "shell/export_flow.h"
#include "shell/message_bar.h"
#include "shell/progress_strip.h"
#include "shell/recent_models.h"
#include "shell/run_controls.h"
#include "views/heatmap_pane.h"

namespace patchbay {

void MainWindow::connectErrors()
{
    connect(&m_explorer.document, &Document::failed, this, [this](const Failure &f) { m_messages->showFailure(tr("This could not be opened"), f); });
    connect(&m_explorer.runner, &RunController::failed, this, [this](const Failure &f) { m_messages->showFailure(tr("The run failed"), f); });
    connect(&m_explorer.recipe, &RecipeController::failed, this, [this](const Failure &f) { m_messages->showFailure(tr("The recipe cannot go on"), f); });
    connect(&m_explorer.contribution, &ContributionController::failed, this,
            [this](const Failure &f) { m_messages->showFailure(tr("The head's contribution cannot be shown"), f); });
    connect(&m_explorer.attention, &AttentionController::failed, this,
            [this](const Failure &f) { m_messages->showFailure(tr("The attention cannot be shown"), f); });
}

void MainWindow::connectActions()
{
    connect(m_actions->quit, &QAction::triggered, this, &QWidget::close);
    connect(m_actions->run, &QAction::triggered, this, &MainWindow::runFromControls);
    connect(m_actions->palette, &QAction::triggered, m_palette, &CommandPalette::open);
    connect(m_actions->resetLayout, &QAction::triggered, this, &MainWindow::useDefaultLayout);
    connect(m_actions->openModel, &QAction::triggered, this, &MainWindow::chooseModel);
    connect(m_actions->importPairs, &QAction::triggered, this, &MainWindow::choosePairs);
    connect(m_actions->exportFigure, &QAction::triggered, this, [this] { openExportDialog(*this, activeView(*this)); });
    connect(m_actions->saveResult, &QAction::triggered, this, [this] { saveResult(m_explorer.navigation.place().run); });
    connect(m_actions->sums, &QAction::toggled, m_heatmap, &HeatmapPane::setSumsVisible);
    connect(m_actions->cellTexts, &QAction::toggled, m_heatmap, &HeatmapPane::setCellTextsVisible);
    // The roles are looked for beside what is on view; the mask can be chosen when they are there.
    connect(m_heatmap, &HeatmapPane::rolesRequested, this, [this] {
        m_messages->showNote(tr("Looking for the heads' roles: they can be chosen beside “Show” when they are known"));
        m_explorer.runner.run(HeadRoles::spec(), false, false);
    });
    connect(m_recent, &RecentModels::chosen, this, &MainWindow::openPath);
    connect(m_modelDock, &ModelDock::importRequested, this, &MainWindow::choosePairs);
    connect(m_runsDock, &RunsDock::editRequested, m_controls, &RunControls::setSpec);
    connect(m_actions, &Actions::editRequested, m_controls, &RunControls::setSpec);
    connect(m_actions, &Actions::renameRequested, this, [this](int run) {
        m_docking.reveal(QStringLiteral("runs"));
        m_runsDock->rename(run);
    });
    connect(m_runsDock, &RunsDock::saveRequested, this, &MainWindow::saveResult);
    connect(m_progress, &ProgressStrip::cancelRequested, m_actions->stop, &QAction::trigger);
    connect(&m_explorer.runner, &RunController::activeChanged, this, &MainWindow::updateProgress);
    connect(&m_explorer.document, &Document::loadingChanged, this, &MainWindow::updateProgress);
    connect(&m_explorer.document, &Document::loadingProgress, m_progress, &ProgressStrip::showLoading);
    connect(&m_explorer.document, &Document::setupChanged, this, [this] {
        const auto &setup = m_explorer.document.setup();
        if (setup->model_ref == m_modelRef)
            m_explorer.navigation.forgetPrompt();
        else
            m_explorer.navigation.reset();
        m_modelRef = setup->model_ref;
        m_controls->setGrouped(setup->model->config().grouped());
        if (setup->model_ref.path != "demo")
            m_recent->add(QString::fromStdString(setup->model_ref.path));
    });
}

} // namespace patchbay
