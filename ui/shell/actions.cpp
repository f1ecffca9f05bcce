#include "shell/actions.h"

#include "analysis/registry.h"
#include "controllers/run_views.h"
#include "shell/app_theme.h"
#include "view_models.h"
#include "view_options.h"
#include "view_text.h"

#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QMenu>
#include <QMenuBar>

namespace patchbay {

using widgets::HeadId;

namespace {
constexpr int kStrongest = 5;
} // namespace

QString selectionText(const Explorer &explorer)
{
    const widgets::HeatmapView view = shownHeatmap(explorer.navigation.place(), explorer.runs);
    QStringList lines;
    for (const HeadId &head : explorer.navigation.place().heads) {
        QStringList fields{label(head)};
        for (const auto &facet : view.facets)
            if (head.layer < facet.rows && head.head >= 0 && head.head < facet.columns)
                fields << widgets::valueWithUnit(facet.values[head.layer * facet.columns + head.head], view.unit);
        lines << fields.join(QLatin1Char('\t'));
    }
    return lines.join(QLatin1Char('\n'));
}

QAction *Actions::add(const QString &name, const QString &text, const QKeySequence &keys, const QString &tip)
{
    auto *action = new QAction(text, m_window);
    action->setObjectName(name);
    if (!keys.isEmpty())
        action->setShortcut(keys);
    if (!tip.isEmpty())
        action->setToolTip(tip);
    m_window->addAction(action);
    return action;
}

Actions::Actions(Explorer &explorer, QWidget *window) : QObject(window), m_explorer(explorer), m_window(window)
{
    newProject = add(QStringLiteral("new-project"), tr("&New project…"), QKeySequence::New,
                     tr("A file of its own for what you do next; all that is done is written as it happens"));
    openProject = add(QStringLiteral("open-project"), tr("Open &project or result…"), QKeySequence(tr("Ctrl+Shift+O")),
                      tr("A project, a saved result, a figure, a recipe's folder or a graph of edges"));
    saveProjectAs = add(QStringLiteral("save-project-as"), tr("Save project &as…"), QKeySequence::SaveAs,
                        tr("Goes on in a file of this name"));
    duplicateProject = add(QStringLiteral("duplicate-project"), tr("D&uplicate project…"), {},
                           tr("A copy as it is now; this one stays open"));
    exportProject = add(QStringLiteral("export-project"), tr("Export project as &folder…"), {},
                        tr("A result file for every run, and project.json with all else"));
    exportReader = add(QStringLiteral("export-reader"), tr("Export for a rea&der…"), {},
                       tr("One HTML page with the pinned runs (or all), notes and commands, that opens anywhere"));
    openModel = add(QStringLiteral("open-model"), tr("&Open model folder…"), QKeySequence::Open);
    openDemo = add(QStringLiteral("open-demo"), tr("Open the &demo model"));
    downloadModel = add(QStringLiteral("download-model"), tr("Do&wnload a model…"), {},
                        tr("Fetch a model of the Hugging Face hub into the cache; its size is said first"));
    importPairs = add(QStringLiteral("import-pairs"), tr("&Import prompts or token ids…"), QKeySequence(tr("Ctrl+I")));
    exportFigure = add(QStringLiteral("export"), tr("&Export figure…"), QKeySequence(tr("Ctrl+E")));
    saveResult = add(QStringLiteral("save-result"), tr("&Save result…"), QKeySequence::Save);
    quit = add(QStringLiteral("quit"), tr("&Quit"), QKeySequence::Quit);

    undo = m_explorer.navigation.undoStack().createUndoAction(m_window, tr("&Undo"));
    undo->setObjectName(QStringLiteral("undo"));
    undo->setShortcut(QKeySequence::Undo);
    redo = m_explorer.navigation.undoStack().createRedoAction(m_window, tr("&Redo"));
    redo->setObjectName(QStringLiteral("redo"));
    redo->setShortcut(QKeySequence::Redo);
    window->addActions({undo, redo});
    clearSelection = add(QStringLiteral("clear-selection"), tr("C&lear selection"));
    copyValues =
        add(QStringLiteral("copy-values"), tr("&Copy values of the selection"), QKeySequence(tr("Ctrl+Shift+C")));

    run = add(QStringLiteral("run"), tr("&Run"), QKeySequence(tr("Ctrl+R")), tr("Run what the toolbar says (Ctrl+R)"));
    stop =
        add(QStringLiteral("stop"), tr("&Stop"), QKeySequence(tr("Ctrl+.")), tr("Stop; finished cells stay (Ctrl+.)"));
    continueRun = add(QStringLiteral("continue"), tr("&Continue the stopped run"));
    finalResidual = add(QStringLiteral("final-residual"), tr("Path patch every head into the &final residual"),
                        QKeySequence(tr("Ctrl+Shift+F")));
    walk = add(QStringLiteral("walk"), tr("&Walk upstream to the strongest senders"), QKeySequence(tr("Ctrl+U")));
    makeHeadActions();
    makeAnalysisActions();
    makeCircuitActions();
    makeRunActions();
    makeSeriesActions();
    makeEdgeActions();

    showAttention =
        add(QStringLiteral("attention"), tr("Show &attention"), {}, tr("What the selected head attends to (Enter)"));
    selectStrongest = add(QStringLiteral("select-strongest"), tr("Select the %1 strongest heads").arg(kStrongest),
                          QKeySequence(tr("Ctrl+T")));
    previousPrompt = add(QStringLiteral("previous-prompt"), tr("Previous prompt"), QKeySequence(tr("Ctrl+Left")));
    nextPrompt = add(QStringLiteral("next-prompt"), tr("Next prompt"), QKeySequence(tr("Ctrl+Right")));
    meanPrompt = add(QStringLiteral("mean-prompt"), tr("Mean over prompts"), QKeySequence(tr("Ctrl+M")));
    sums = add(QStringLiteral("sums"), tr("Row and column sums"));
    cellTexts = add(QStringLiteral("cell-values"), tr("Values in cells"));
    for (QAction *toggle : {sums, cellTexts}) {
        toggle->setCheckable(true);
        toggle->setChecked(true);
    }
    keepOption(sums, "heatmap.sums");
    keepOption(cellTexts, "heatmap.values");
    resetLayout = add(QStringLiteral("reset-layout"), tr("Reset the layout"));
    palette = add(QStringLiteral("palette"), tr("Command palette…"), QKeySequence(tr("Ctrl+K")));
    const std::pair<const char *, QString> places[] = {
        {"heatmap", tr("Go to the heatmap")}, {"attention", tr("Go to the attention")},
        {"scatter", tr("Go to the scatter")}, {"bars", tr("Go to the bars")},
        {"circuit", tr("Go to the circuit")}, {"prompts", tr("Go to the prompts")},
        {"heads", tr("Go to the heads")},     {"runs", tr("Go to the runs")},
        {"recipe", tr("Go to the recipe")},   {"try", tr("Go to the prompt that is tried")},
        {"series", tr("Go to the series")},   {"notes", tr("Go to the notes")},
        {"history", tr("Go to the history")}};
    for (const auto &[place, text] : places) {
        const int number = int(goTo.size()) + 1; // ten digits
        goTo << add(QStringLiteral("go-") + QString::fromLatin1(place), text,
                    number > 10 ? QKeySequence() : QKeySequence(QStringLiteral("Alt+%1").arg(number % 10)));
        goTo.back()->setData(QString::fromLatin1(place));
    }
    auto *group = new QActionGroup(this);
    for (const auto &[name, text] :
         {std::pair{"theme-system", tr("Theme: follow the system")}, std::pair{"theme-light", tr("Theme: light")},
          std::pair{"theme-dark", tr("Theme: dark")}}) {
        QAction *theme = add(QString::fromLatin1(name), text);
        theme->setCheckable(true);
        group->addAction(theme);
        themes << theme;
    }
    themes[int(themeMode())]->setChecked(true);
    const auto separator = [this] {
        auto *line = new QAction(this);
        line->setSeparator(true);
        return line;
    };
    m_headActions = QList<QAction *>{showAttention, separator()} + receive + QList<QAction *>{separator()} + addReceiver
        + QList<QAction *>{separator(), addToCircuit, removeFromCircuit, separator(), ablate, copyValues};
    connectToExplorer();
    updateEnabled();
}

void Actions::makeHeadActions()
{
    for (const Site site : headReceivers()) {
        const QString text = QString::fromStdString(name(site));
        QAction *into = add(QStringLiteral("receive-") + text, tr("Path patch every head into its %1").arg(text));
        connect(into, &QAction::triggered, this,
                [this, site] { m_explorer.paths.receive(m_explorer.navigation.place().heads, site); });
        receive << into;
        QAction *more = add(QStringLiteral("add-receiver-") + text, tr("Add its %1 to the receiver tray").arg(text));
        connect(more, &QAction::triggered, this,
                [this, site] { m_explorer.paths.add(m_explorer.navigation.place().heads, site); });
        addReceiver << more;
    }
    liveTray = add(QStringLiteral("live-tray"), tr("Changes of the receiver tray run by themselves"));
    liveTray->setCheckable(true);
    keepOption(liveTray, "tray.live");
    connect(liveTray, &QAction::toggled, &m_explorer.paths, &PathController::setLive);
    clearTray = add(QStringLiteral("clear-tray"), tr("Empty the receiver tray and forget the trail"));
    connect(clearTray, &QAction::triggered, &m_explorer.paths, &PathController::clear);
    findRoles = add(QStringLiteral("find-roles"), tr("Find the heads' ro&les"), {},
                    tr("Name movers, S-inhibition, induction …: each role by several marks at once"));
    connect(findRoles, &QAction::triggered, this, [this] { m_explorer.runner.run(HeadRoles::spec()); });
    drawReport = add(QStringLiteral("report"), tr("Draw the repor&t of the recipe…"), {},
                     tr("report.html and report.pdf, with the results beside them"));
    ablate = add(QStringLiteral("ablate"), tr("Zero-ablate the selection"), {},
                 tr("Takes the selected heads out together: what is left, and which heads take over"));
    connect(ablate, &QAction::triggered, this, [this] {
        Analysis analysis{"ablate", {}, {{"mode", "zero"}}};
        for (const HeadId &head : m_explorer.navigation.place().heads)
            if (head.head >= 0)
                analysis.heads.push_back(fromHeadId(head));
        m_explorer.runner.run(spec_of(std::move(analysis)));
    });
}

void Actions::makeAnalysisActions()
{
    for (const AnalysisInfo *analysis : patchbay::analyses()) {
        const QString title = QString::fromStdString(analysis->title), name = QString::fromStdString(analysis->name);
        QAction *action = add(QStringLiteral("analyse-") + name,
                              analysis->heads.empty() ? title : tr("%1 of the selection").arg(title), {},
                              QString::fromStdString(analysis->tip));
        action->setData(name);
        connect(action, &QAction::triggered, this, [this, name] { Q_EMIT analysisRequested(name); });
        analyses << action;
    }
}

void Actions::connectToExplorer()
{
    Navigation &navigation = m_explorer.navigation;
    connect(openDemo, &QAction::triggered, this, [this] { m_explorer.document.openModel(QStringLiteral("demo")); });
    connect(stop, &QAction::triggered, this, [this] {
        m_explorer.runner.stopAll();
        m_explorer.recipe.stop();
        m_explorer.series.stop();
        m_explorer.document.cancelLoading();
    });
    connect(continueRun, &QAction::triggered, this,
            [this] { m_explorer.runner.continueRun(m_explorer.navigation.place().run); });
    connect(finalResidual, &QAction::triggered, &m_explorer.paths, &PathController::runFinalResidual);
    connect(walk, &QAction::triggered, this, [this] { m_explorer.paths.walkUpstream(3, headReceivers().front()); });
    connect(clearSelection, &QAction::triggered, this, [&navigation] { navigation.select({}, {}); });
    connect(copyValues, &QAction::triggered, this,
            [this] { QApplication::clipboard()->setText(selectionText(m_explorer)); });
    connect(selectStrongest, &QAction::triggered, this, [this] {
        const auto heads = strongestHeads(shownHeatmap(m_explorer.navigation.place(), m_explorer.runs), kStrongest);
        if (!heads.isEmpty())
            m_explorer.navigation.select(heads, heads.front());
    });
    connect(previousPrompt, &QAction::triggered, this, [this] { stepPrompt(-1); });
    connect(nextPrompt, &QAction::triggered, this, [this] { stepPrompt(+1); });
    connect(meanPrompt, &QAction::triggered, this, [&navigation] { navigation.showPrompt(-1); });
    for (int i = 0; i < themes.size(); ++i)
        connect(themes[i], &QAction::triggered, this, [i] {
            saveThemeMode(ThemeMode(i));
            applyTheme(ThemeMode(i));
        });
    connect(&navigation, &Navigation::headsChanged, this, &Actions::updateEnabled);
    connect(&navigation, &Navigation::circuitChanged, this, &Actions::updateEnabled);
    connect(&navigation, &Navigation::receiversChanged, this, &Actions::updateEnabled);
    connect(&m_explorer.paths, &PathController::liveChanged, this, &Actions::updateEnabled);
    connect(&navigation, &Navigation::runChanged, this, &Actions::updateEnabled);
    connect(&m_explorer.runner, &RunController::activeChanged, this, &Actions::updateEnabled);
    connect(&m_explorer.report, &RecipeReport::changed, this, &Actions::updateEnabled);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, &Actions::updateEnabled);
    connect(&m_explorer.document, &Document::setupChanged, this, &Actions::updateEnabled);
    connect(&m_explorer.document, &Document::loadingChanged, this, &Actions::updateEnabled);
}

void Actions::stepPrompt(int by)
{
    if (!m_explorer.document.ready())
        return;
    const int prompts = m_explorer.document.setup()->batch.prompts;
    const int prompt = m_explorer.navigation.place().prompt;
    m_explorer.navigation.showPrompt(prompt < 0 ? (by > 0 ? 0 : prompts - 1) : (prompt + by + prompts) % prompts);
}

void Actions::updateEnabled()
{
    const Place &place = m_explorer.navigation.place();
    const bool ready = m_explorer.document.ready();
    const bool heads = ready && !place.heads.isEmpty();
    const RunEntry *shown = m_explorer.runs.find(place.run);
    const bool result = shown && shown->result;
    run->setEnabled(ready);
    stop->setEnabled(m_explorer.runner.activeRun() >= 0 || m_explorer.recipe.busy() || m_explorer.series.running()
                     || m_explorer.document.loading());
    continueRun->setEnabled(shown && shown->state == RunState::Stopped);
    finalResidual->setEnabled(ready);
    for (QAction *action : std::as_const(analyses))
        action->setEnabled(ready);
    walk->setEnabled(m_explorer.paths.canWalk());
    drawReport->setEnabled(m_explorer.report.possible() && !m_explorer.report.busy());
    exportFigure->setEnabled(result);
    saveResult->setEnabled(result);
    selectStrongest->setEnabled(result);
    for (QAction *action : receive + addReceiver + QList<QAction *>{ablate, copyValues, clearSelection, showAttention})
        action->setEnabled(heads);
    updateCircuitEnabled();
    updateRunEnabled();
    updateSeriesEnabled();
    updateEdgesEnabled();
}

void Actions::fillMenuBar(QMenuBar *bar, QMenu *openMenu, QMenu *viewMenu)
{
    QMenu *file = bar->addMenu(tr("&File"));
    file->addActions({newProject, openProject});
    file->addActions({saveProjectAs, duplicateProject, exportProject, exportReader});
    file->addSeparator();
    file->addMenu(openMenu);
    file->addActions({importPairs, openSeries, openEdges});
    file->addSeparator();
    file->addActions({exportFigure, saveResult});
    file->addSeparator();
    file->addAction(quit);
    QMenu *edit = bar->addMenu(tr("&Edit"));
    edit->addActions({undo, redo});
    edit->addSeparator();
    edit->addActions({selectStrongest, clearSelection, copyValues});
    QMenu *runs = bar->addMenu(tr("&Run"));
    runs->addActions({run, stop, continueRun});
    runs->addSeparator();
    runs->addAction(finalResidual);
    runs->addActions(receive);
    runs->addAction(walk);
    runs->addSeparator();
    runs->addActions({ablate, findRoles});
    runs->addMenu(tr("A&nalysis"))->addActions(analyses);
    runs->addSeparator();
    runs->addAction(drawReport);
    runs->addSeparator();
    runs->addActions({series, showSeries, previousStep, nextStep, exportScrub, seriesReport});
    runs->addSeparator();
    runs->addActions({liveTray, clearTray});
    runs->addSeparator();
    runs->addActions({duplicateRun, copyScript, renameRun, pinRun, deleteRun});
    runs->addSeparator();
    runs->addActions({compareRun, swapRuns, endComparison});
    QMenu *circuit = bar->addMenu(tr("&Circuit"));
    circuit->addActions({addToCircuit, removeFromCircuit, takeCircuit});
    circuit->addSeparator();
    circuit->addActions({selectCircuit, clearCircuit});
    circuit->addSeparator();
    circuit->addActions({findEdges, edgeCurve, patchEdges});
    circuit->addMenu(tr("&Clicked edge"))->addActions(edgeActions());
    circuit->addActions({keepEdges, saveEdges});
    for (QAction *action : analyses)
        if (action->data() == QStringLiteral("circuit-compare"))
            circuit->addAction(action);
    bar->addMenu(viewMenu);
    viewMenu->addActions({palette, showAttention});
    viewMenu->addSeparator();
    viewMenu->addMenu(tr("&Go to"))->addActions(goTo);
    viewMenu->addSeparator();
    viewMenu->addActions({meanPrompt, previousPrompt, nextPrompt});
    viewMenu->addSeparator();
    viewMenu->addActions({sums, cellTexts});
    viewMenu->addSeparator();
    viewMenu->addActions(themes);
    viewMenu->addSeparator();
    viewMenu->addAction(resetLayout);
    viewMenu->addSeparator();
}

} // namespace patchbay
