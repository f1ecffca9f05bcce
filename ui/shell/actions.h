// Every command of the window, once: menus, toolbar, context menus, shortcuts and the palette share these.
#pragma once

#include "controllers/explorer.h"

#include <QAction>
#include <QList>
#include <QObject>

class QMenuBar;
class QMenu;
class QPoint;
class QWidget;

namespace patchbay {

class Actions : public QObject {
    Q_OBJECT
public:
    Actions(Explorer &explorer, QWidget *window);

    // File
    QAction *newProject, *openProject, *saveProjectAs, *duplicateProject, *exportProject, *exportReader;
    QAction *openModel, *openDemo, *openSeries, *downloadModel, *importPairs, *exportFigure, *saveResult, *quit;
    // Edit
    QAction *undo, *redo, *clearSelection, *copyValues;
    // Run
    QAction *run, *stop, *continueRun, *finalResidual, *walk, *ablate, *findRoles, *drawReport, *series;
    QList<QAction *> receive, addReceiver; ///< q, k, v, pattern
    QAction *clearTray, *liveTray;
    QList<QAction *> analyses; ///< one an analysis, its name in the data
    // The run on view
    QAction *pinRun, *renameRun, *duplicateRun, *copyScript, *deleteRun, *compareRun, *swapRuns, *endComparison;
    // Series
    QAction *showSeries, *previousStep, *nextStep, *exportScrub, *seriesReport;
    // Circuit
    QAction *addToCircuit, *removeFromCircuit, *selectCircuit, *takeCircuit, *clearCircuit;
    // Edges
    QAction *findEdges, *edgeCurve, *patchEdges, *patchEdge, *addEdge, *removeEdge, *goToWriter, *goToReader,
        *keepEdges, *openEdges, *saveEdges;
    // View
    QAction *showAttention, *selectStrongest, *previousPrompt, *nextPrompt, *meanPrompt, *sums, *cellTexts,
        *resetLayout, *palette;
    QList<QAction *> themes; ///< system, light, dark
    QList<QAction *> goTo;   ///< the heatmap, and the docks by the name in their data

    /// What a right click on a head offers.
    const QList<QAction *> &headActions() const { return m_headActions; }
    /// About the clicked edge.
    QList<QAction *> edgeActions() const;
    /// Opens it at a point of the screen. A head outside the selection becomes the selection: the menu is about it.
    void showHeadMenu(widgets::HeadId head, const QPoint &at);
    /// viewMenu gets the docks' own actions at its end.
    void fillMenuBar(QMenuBar *bar, QMenu *openMenu, QMenu *viewMenu);

Q_SIGNALS:
    /// The controls shall show this run's settings, to be changed and run again.
    void editRequested(const patchbay::RunSpec &spec);
    void scriptRequested(int run);
    void renameRequested(int run);
    /// With the selected heads, where it needs heads.
    void analysisRequested(const QString &name);

private:
    QAction *add(const QString &name, const QString &text, const QKeySequence &keys = {}, const QString &tip = {});
    void makeHeadActions();
    void makeAnalysisActions();
    void makeCircuitActions();
    void makeRunActions();
    void makeSeriesActions();
    void makeEdgeActions();
    void connectToExplorer();
    void updateEnabled();
    void updateCircuitEnabled();
    void updateRunEnabled();
    void updateSeriesEnabled();
    void updateEdgesEnabled();
    void stepPrompt(int by);

    Explorer &m_explorer;
    QWidget *m_window;
    QList<QAction *> m_headActions;
};

/// "L9H6 <tab> +23.4 %" for every selected head of the run on view, one line each.
QString selectionText(const Explorer &explorer);

} // namespace patchbay
