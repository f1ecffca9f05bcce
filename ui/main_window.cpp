#include "main_window.h"

#include "amounts_text.h"
#include "controllers/run_views.h"
#include "docks/heads_dock.h"
#include "docks/history_dock.h"
#include "docks/model_dock.h"
#include "docks/notes_dock.h"
#include "docks/prompts_dock.h"
#include "docks/recipe_dock.h"
#include "docks/runs_dock.h"
#include "heatmap_widget.h"
#include "model/model_folder.h"
#include "shell/actions.h"
#include "shell/app_theme.h"
#include "shell/cached_models.h"
#include "shell/command_palette.h"
#include "shell/export_flow.h"
#include "shell/help_menu.h"
#include "shell/message_bar.h"
#include "shell/progress_strip.h"
#include "shell/project_flow.h"
#include "shell/recent_models.h"
#include "shell/run_controls.h"
#include "shell/side_panels.h"
#include "shell/task_menu.h"
#include "views/attention_pane.h"
#include "views/bars_pane.h"
#include "views/circuit_pane.h"
#include "views/heatmap_pane.h"
#include "views/scatter_pane.h"
#include "views/scrubber.h"
#include "views/series_pane.h"
#include "views/try_pane.h"

#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QMenuBar>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QStatusBar>
#include <QToolBar>
#include <QVBoxLayout>

#include "analysis/roles.h"

namespace patchbay {

MainWindow::MainWindow()
{
    setWindowTitle(QStringLiteral("Patchbay"));
    setObjectName(QStringLiteral("main"));
    setAcceptDrops(true);
    constexpr int kFrame = 40; // px that a window manager puts around it
    resize(QSize(1280, 800).boundedTo(screen()->availableSize() - QSize(0, kFrame)));
    followSystemTheme(this);
    m_actions = new Actions(m_explorer, this);
    m_cached = new CachedModels(m_explorer.backend, this);
    m_recent = new RecentModels(
        {{m_actions->openModel, m_actions->openDemo}, {m_cached->menuAction(), m_actions->downloadModel}}, this);
    m_palette = new CommandPalette(this);
    m_palette->setMore([this] { return everythingToFind(); });
    buildCentre();
    buildToolbar();
    buildDocks();
    auto *view = new QMenu(tr("&View"), this);
    m_actions->fillMenuBar(menuBar(), m_recent, view);
    auto *panels = new SidePanels(this);
    view->addActions(panels->actions());
    view->addSeparator();
    m_docking.listIn(view);
    QMenu *file = menuBar()->actions().front()->menu();
    file->insertMenu(m_actions->importPairs, new TaskMenu(m_explorer.document, this));
    auto *help = new HelpMenu(this);
    menuBar()->addMenu(help);
    connect(help, &HelpMenu::tourRequested, this, &MainWindow::startTour);
    m_progress = new ProgressStrip(this);
    statusBar()->setSizeGripEnabled(false);
    statusBar()->addWidget(panels);
    statusBar()->addPermanentWidget(m_progress);
    connectErrors();
    connectActions();
    connectSeries();
    connectEdges();
    m_project = new ProjectFlow(*this);
    file->insertMenu(m_actions->saveProjectAs, m_project->menu());
    if (!m_docking.restore())
        m_docking.arrange();
    updateTemplate();
    explainControls(this);
}

MainWindow::~MainWindow() = default;

void MainWindow::start(const QString &modelFolder)
{
    m_explorer.document.openModel(QString::fromStdString(absolute_model_path(modelFolder.toStdString())));
}

void MainWindow::useDefaultLayout()
{
    m_docking.arrange();
}

void MainWindow::buildCentre()
{
    auto *centre = new QWidget(this);
    auto *column = new QVBoxLayout(centre);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_messages = new MessageBar(centre);
    m_heatmap = new HeatmapPane(m_explorer, centre);
    m_heatmap->setDifferenceActions({m_actions->swapRuns, m_actions->endComparison});
    column->addWidget(m_heatmap, 1); // messages lie over its foot
    m_scrubber = new Scrubber(m_explorer, centre);
    column->addWidget(m_scrubber);
    setCentralWidget(centre);
}

void MainWindow::buildToolbar()
{
    auto *bar = addToolBar(tr("Run"));
    bar->setObjectName(QStringLiteral("toolbar"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    m_controls = new RunControls(bar);
    bar->addWidget(m_controls);
    const auto button = [&](QAction *action, bool primary) {
        auto *push = new QPushButton(action->text().remove(QLatin1Char('&')), bar);
        push->setObjectName(QStringLiteral("button-") + action->objectName());
        push->setProperty("primary", primary);
        push->setToolTip(action->toolTip());
        push->setEnabled(action->isEnabled());
        connect(push, &QPushButton::clicked, action, &QAction::trigger);
        connect(action, &QAction::changed, push, [push, action] { push->setEnabled(action->isEnabled()); });
        bar->addWidget(push);
    };
    button(m_actions->run, true);
    button(m_actions->stop, false);
    auto *space = new QWidget(bar);
    space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(space);
    button(m_actions->exportFigure, false);
    connect(m_controls, &RunControls::changed, this, &MainWindow::updateTemplate);
}

void MainWindow::buildDocks()
{
    using Zone = Docking::Zone;
    m_modelDock = new ModelDock(m_explorer.document, this);
    m_modelDock->setOpenMenu(m_recent);
    m_headsDock = new HeadsDock(m_explorer.document, m_explorer.navigation, m_explorer.runs, m_explorer.paths,
                                m_explorer.roles, this);
    m_runsDock = new RunsDock(m_explorer.runs, m_explorer.navigation, m_explorer.runner, this);
    auto *recipe = new RecipeDock(m_explorer.recipe, m_explorer.report, this);
    connect(recipe, &RecipeDock::reportRequested, m_actions->drawReport, &QAction::trigger);
    m_docking.add(QStringLiteral("model"), tr("Model and task"), m_modelDock, Zone::Left);
    m_docking.add(QStringLiteral("recipe"), tr("Recipe"), recipe, Zone::Left);
    m_attention = new AttentionPane(m_explorer, this);
    m_scatter = new ScatterPane(m_explorer, this);
    m_bars = new BarsPane(m_explorer, this);
    m_docking.add(QStringLiteral("heads"), tr("Heads"), m_headsDock, Zone::Right);
    m_docking.add(QStringLiteral("runs"), tr("Runs"), m_runsDock, Zone::Right);
    m_docking.add(QStringLiteral("attention"), tr("Attention"), m_attention, Zone::BottomLeft);
    m_docking.add(QStringLiteral("scatter"), tr("Scatter"), m_scatter, Zone::BottomRight);
    m_docking.add(QStringLiteral("bars"), tr("Bars"), m_bars, Zone::BottomRight);
    m_circuit = new CircuitPane(m_explorer, this);
    m_circuit->setActions({m_actions->addToCircuit, m_actions->removeFromCircuit},
                          {m_actions->takeCircuit, m_actions->selectCircuit, m_actions->clearCircuit});
    m_docking.add(QStringLiteral("circuit"), tr("Circuit"), m_circuit, Zone::BottomRight);
    m_series = new SeriesPane(m_explorer, this);
    m_docking.add(QStringLiteral("series"), tr("Series"), m_series, Zone::BottomRight, true);
    m_prompts = new PromptsDock(m_explorer.document, m_explorer.navigation, this);
    m_docking.add(QStringLiteral("prompts"), tr("Prompts"), m_prompts, Zone::BottomRight);
    m_try = new TryPane(m_explorer, this);
    m_docking.add(QStringLiteral("try"), tr("Try"), m_try, Zone::BottomRight, true);
    m_notes = new NotesDock(m_explorer.project, m_explorer.runs, m_explorer.navigation, m_explorer.edges, this);
    m_docking.add(QStringLiteral("notes"), tr("Notes"), m_notes, Zone::BottomRight, true);
    m_docking.add(QStringLiteral("history"), tr("History"),
                  new HistoryDock(m_explorer.project, m_explorer.navigation, this), Zone::BottomRight, true);
    connect(m_prompts, &PromptsDock::tryRequested, this, [this] { m_docking.reveal(QStringLiteral("try")); });
    connect(m_prompts, &PromptsDock::importRequested, this, &MainWindow::choosePairs);
    connect(m_modelDock, &ModelDock::promptsRequested, this, [this] { m_docking.reveal(QStringLiteral("prompts")); });
    const auto followHeads = [this](auto *pane) {
        using Pane = std::remove_pointer_t<decltype(pane)>;
        connect(pane, &Pane::attentionRequested, m_actions->showAttention, &QAction::trigger);
        connect(pane, &Pane::menuRequested, m_actions, &Actions::showHeadMenu);
    };
    followHeads(m_heatmap);
    followHeads(m_scatter);
    followHeads(m_bars);
    followHeads(m_circuit);
    followHeads(m_series);
    connect(m_actions->showAttention, &QAction::triggered, this,
            [this] { m_docking.reveal(QStringLiteral("attention")); });
    connect(m_actions->addToCircuit, &QAction::triggered, this, [this] { m_docking.raise(QStringLiteral("circuit")); });
}

// Runs, heads and notes, for the search beside the commands.
QVector<CommandPalette::Found> MainWindow::everythingToFind()
{
    QVector<CommandPalette::Found> all;
    Navigation &navigation = m_explorer.navigation;
    for (const RunEntry &run : m_explorer.runs.entries())
        all << CommandPalette::Found{tr("Run: %1").arg(run.name), QString::fromStdString(describe(run.spec)),
                                     [&navigation, id = run.id] { navigation.showRun(id); }};
    for (const ProjectNote &note : m_explorer.project.notes()) {
        const QString kind = QString::fromStdString(note.kind), subject = QString::fromStdString(note.subject),
                      text = QString::fromStdString(note.text);
        all << CommandPalette::Found{subjectTitle(kind, subject, m_explorer.project, m_explorer.runs)
                                         + QStringLiteral(" — ") + text.simplified(),
                                     text, [this, kind, subject] {
                                         goToSubject(kind, subject, m_explorer.project, m_explorer.navigation);
                                         m_docking.raise(QStringLiteral("notes"));
                                         m_notes->showNote(kind, subject);
                                     }};
    }
    if (const SetupPtr &setup = m_explorer.document.setup()) {
        const ModelConfig &config = setup->config();
        for (int layer = 0; layer < config.n_layers; ++layer)
            for (int head = 0; head < config.n_heads; ++head) {
                const widgets::HeadId id{layer, head};
                all << CommandPalette::Found{label(id), tr("Select this head"),
                                             [&navigation, id] { navigation.select({id}, id); }};
            }
    }
    return all;
}

void MainWindow::updateTemplate()
{
    m_explorer.paths.setTemplate(m_controls->pathSettings());
}

// An analysis of some heads takes the selected ones; the S-inhibition test also needs the name movers that are known.
void MainWindow::runAnalysis(Analysis analysis)
{
    const AnalysisInfo &info = *find_analysis(analysis.name);
    const auto fail = [&](const QString &cause, const QString &next) {
        m_messages->showFailure(tr("Nothing to run"), {{}, cause, next});
    };
    if (!info.heads.empty()) {
        for (const widgets::HeadId &head : m_explorer.navigation.place().heads)
            if (head.head >= 0)
                analysis.heads.push_back(fromHeadId(head));
        const Place &place = m_explorer.navigation.place();
        if (analysis.heads.size() > 1 && info.heads.starts_with("the one head") && place.current.head >= 0)
            analysis.heads = {fromHeadId(place.current)};
        if (analysis.heads.empty())
            return fail(tr("no head is selected"),
                        tr("Click %1 in the heatmap first.").arg(QString::fromStdString(info.heads)));
    }
    for (const Parameter &parameter : info.parameters) {
        if (!parameter.required || (analysis.options.is_object() && analysis.options.contains(parameter.name)))
            continue;
        if (parameter.kind == Parameter::Kind::File)
            return chooseNumbers();
        if (parameter.kind == Parameter::Kind::Circuits) {
            const std::vector<std::string> circuits = m_explorer.edges.circuits();
            if (circuits.empty())
                return fail(tr("there is no circuit of edges yet"),
                            tr("Score the edges first (Circuit › Score the edges)."));
            analysis.options[parameter.name] = circuits;
            continue;
        }
        nlohmann::json heads = nlohmann::json::array();
        for (const widgets::HeadId &head : m_explorer.roles.headsWith(QString::fromUtf8(name_mover_role)))
            heads.push_back(dotted(fromHeadId(head)));
        if (heads.empty())
            return fail(tr("no name mover is known yet"),
                        tr("Find the heads' roles first (Run › Find the heads' roles)."));
        analysis.options[parameter.name] = heads;
    }
    m_explorer.runner.run(spec_of(std::move(analysis)));
}

void MainWindow::runFromControls()
{
    const RunSpec spec = m_controls->spec();
    auto &paths = m_explorer.paths;
    if (const Analysis *analysis = spec.as<Analysis>())
        return runAnalysis(*analysis);
    if (const ActPatch *sweep = spec.as<ActPatch>()) {
        if (sweep->sites.empty())
            m_messages->showFailure(
                tr("Nothing to run"),
                {{}, tr("no site is chosen"), tr("Choose at least one of z, q, k, v and pattern in the toolbar.")});
        else
            m_explorer.runner.run(spec);
        return;
    }
    const PathTarget target = m_controls->pathTarget();
    if (target.kind == PathTarget::Kind::FinalResidual) {
        paths.runFinalResidual();
        return;
    }
    const bool tray = target.kind == PathTarget::Kind::Tray;
    if (tray ? m_explorer.navigation.place().receivers.isEmpty() : m_explorer.navigation.place().heads.isEmpty()) {
        m_messages->showFailure(tr("Nothing to run"),
                                {{},
                                 tray ? tr("the receiver tray is empty") : tr("no head is selected"),
                                 tr("Click a head in the heatmap first.")});
        return;
    }
    if (tray)
        paths.run();
    else
        paths.receive(m_explorer.navigation.place().heads, target.site);
}

void MainWindow::updateProgress()
{
    if (m_explorer.document.loading()) {
        m_progress->showShare(0, tr("Loading"));
        return;
    }
    int waiting = -1;
    for (const RunEntry &entry : m_explorer.runs.entries())
        waiting += entry.finished() ? 0 : 1;
    if (const RunEntry *active = m_explorer.runs.find(m_explorer.runner.activeRun()))
        m_progress->showRun(*active, waiting);
    else if (m_explorer.recipe.busy())
        m_progress->showShare(std::max(0.0, m_explorer.recipe.share()),
                              tr("Recipe: %1").arg(m_explorer.recipe.progressText().toLower()));
    else if (m_explorer.series.running())
        m_progress->showShare(m_explorer.series.share(), tr("Series: %1").arg(m_explorer.series.progressText()));
    else if (const RunEntry *shown = m_explorer.runs.find(m_explorer.navigation.place().run);
             shown && shown->result && shown->total > 0)
        // How far an analysis was says nothing once it is over.
        m_progress->showIdle(shown->spec.is<Analysis>() && shown->done == shown->total
                                 ? tr("Done in %1 s").arg(shown->result->seconds, 0, 'f', 2)
                                 : tr("%1 of %2 in %3 s")
                                       .arg(shown->done)
                                       .arg(countedText(shown->total, shown->spec.is<Analysis>() ? "step" : "cell"))
                                       .arg(shown->result->seconds, 0, 'f', 2));
    else
        m_progress->showIdle({});
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    if (!m_project->mayClose())
        return event->ignore();
    m_docking.save();
    m_explorer.backend.cancelAll();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent *event)
{
    if (event->mimeData()->hasUrls() && event->mimeData()->urls().front().isLocalFile())
        event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent *event)
{
    openPath(event->mimeData()->urls().front().toLocalFile());
}

void MainWindow::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape && m_actions->stop->isEnabled())
        m_actions->stop->trigger();
    else
        QMainWindow::keyPressEvent(event);
}

} // namespace patchbay
