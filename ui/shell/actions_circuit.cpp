// The commands of the circuit and of the run on view.
#include "shell/actions.h"

#include "controllers/circuit.h"

#include <QMenu>

namespace patchbay {

using widgets::HeadId;

void Actions::makeCircuitActions()
{
    Navigation &navigation = m_explorer.navigation;
    const auto made = [this](const char *name, const QString &text, const QString &shortText, const QKeySequence &keys,
                             const QString &tip) {
        QAction *action = add(QString::fromLatin1(name), text, keys, tip);
        action->setIconText(shortText);
        return action;
    };
    addToCircuit = made("add-to-circuit", tr("A&dd to the circuit"), tr("Add"), QKeySequence(tr("Ctrl+D")),
                        tr("Add the selected heads to the circuit (Ctrl+D)"));
    removeFromCircuit =
        made("remove-from-circuit", tr("Take &out of the circuit"), tr("Take out"), QKeySequence(tr("Ctrl+Shift+D")),
             tr("Take the selected heads out of the circuit (Ctrl+Shift+D)"));
    selectCircuit = made("select-circuit", tr("&Select the circuit"), tr("Select"), {},
                         tr("Select the circuit's heads: to ablate them together, or to see what they attend to"));
    takeCircuit = made("take-circuit", tr("Add the heads that the run on view &names"), tr("From the run"), {},
                       tr("Add the heads that the analysis on view gives roles to"));
    clearCircuit =
        made("clear-circuit", tr("&Empty the circuit"), tr("Empty"), {}, tr("Take every head out of the circuit"));
    connect(addToCircuit, &QAction::triggered, this,
            [&navigation] { navigation.addToCircuit(navigation.place().heads); });
    connect(removeFromCircuit, &QAction::triggered, this,
            [&navigation] { navigation.removeFromCircuit(navigation.place().heads); });
    connect(selectCircuit, &QAction::triggered, this, [&navigation] {
        if (const auto heads = navigation.place().circuit; !heads.isEmpty())
            navigation.select(heads, heads.back());
    });
    connect(takeCircuit, &QAction::triggered, this, [this, &navigation] {
        const RunEntry *run = m_explorer.runs.find(navigation.place().run);
        if (run && run->result)
            navigation.addToCircuit(circuitOf(*run->result));
    });
    connect(clearCircuit, &QAction::triggered, this,
            [&navigation] { navigation.removeFromCircuit(navigation.place().circuit); });
}

void Actions::makeRunActions()
{
    Navigation &navigation = m_explorer.navigation;
    RunsStore &runs = m_explorer.runs;
    const auto shown = [this] { return m_explorer.navigation.place().run; };
    pinRun = add(QStringLiteral("pin-run"), tr("&Pin the run"), {},
                 tr("A pinned run is not deleted, and can be put beside another in a figure"));
    pinRun->setCheckable(true);
    connect(pinRun, &QAction::triggered, this,
            [&runs, shown](bool on) { runs.update(shown(), [on](RunEntry &entry) { entry.pinned = on; }); });
    renameRun = add(QStringLiteral("rename-run"), tr("Re&name the run"));
    connect(renameRun, &QAction::triggered, this, [this, shown] { Q_EMIT renameRequested(shown()); });
    duplicateRun = add(QStringLiteral("duplicate-run"), tr("D&uplicate and edit the run"), {},
                       tr("The toolbar takes over its settings, to be changed and run again"));
    connect(duplicateRun, &QAction::triggered, this, [this, shown] {
        if (const RunEntry *run = m_explorer.runs.find(shown()))
            Q_EMIT editRequested(run->spec);
    });
    copyScript = add(QStringLiteral("copy-script"), tr("Copy as Pyt&hon"), {},
                     tr("A script for TransformerLens that computes the same cells and compares them"));
    connect(copyScript, &QAction::triggered, this, [this, shown] { Q_EMIT scriptRequested(shown()); });
    deleteRun = add(QStringLiteral("delete-run"), tr("&Delete the run"));
    connect(deleteRun, &QAction::triggered, this, [this, shown] { m_explorer.runner.remove(shown()); });
    compareRun = add(QStringLiteral("compare-run"), tr("&Compare with the run before (A − B)"),
                     QKeySequence(tr("Ctrl+B")), tr("The run on view minus the next one in the runs list"));
    connect(compareRun, &QAction::triggered, this,
            [this, &navigation, shown] { navigation.showRun(shown(), m_explorer.runs.comparable(shown())); });
    swapRuns = add(QStringLiteral("swap-runs"), tr("S&wap the compared runs (B − A)"));
    connect(swapRuns, &QAction::triggered, this,
            [&navigation] { navigation.showRun(navigation.place().comparedRun, navigation.place().run); });
    endComparison = add(QStringLiteral("end-comparison"), tr("&End the comparison"));
    connect(endComparison, &QAction::triggered, this, [&navigation, shown] { navigation.showRun(shown()); });
}

void Actions::updateCircuitEnabled()
{
    const Place &place = m_explorer.navigation.place();
    const auto inCircuit = [&](const HeadId &head) { return place.circuit.contains(head); };
    const RunEntry *shown = m_explorer.runs.find(place.run);
    const bool ready = m_explorer.document.ready();
    addToCircuit->setEnabled(ready && std::any_of(place.heads.cbegin(), place.heads.cend(), [&](const HeadId &head) {
                                 return head.head >= 0 && !inCircuit(head);
                             }));
    removeFromCircuit->setEnabled(std::any_of(place.heads.cbegin(), place.heads.cend(), inCircuit));
    selectCircuit->setEnabled(!place.circuit.isEmpty());
    clearCircuit->setEnabled(!place.circuit.isEmpty());
    takeCircuit->setEnabled(shown && shown->state == RunState::Done && shown->result
                            && !circuitOf(*shown->result).isEmpty());
    findRoles->setEnabled(ready);
    liveTray->setChecked(m_explorer.paths.live());
    clearTray->setEnabled(!place.receivers.isEmpty() || !m_explorer.paths.trail().isEmpty());
}

void Actions::updateRunEnabled()
{
    const Place &place = m_explorer.navigation.place();
    const RunEntry *shown = m_explorer.runs.find(place.run);
    for (QAction *action : {pinRun, renameRun, duplicateRun})
        action->setEnabled(shown != nullptr);
    pinRun->setChecked(shown && shown->pinned);
    copyScript->setEnabled(shown && shown->result);
    deleteRun->setEnabled(shown && !shown->pinned);
    compareRun->setEnabled(m_explorer.runs.comparable(place.run) >= 0);
    swapRuns->setEnabled(place.comparedRun >= 0);
    endComparison->setEnabled(place.comparedRun >= 0);
}

void Actions::showHeadMenu(HeadId head, const QPoint &at)
{
    if (!head.valid())
        return;
    Navigation &navigation = m_explorer.navigation;
    if (!navigation.place().heads.contains(head))
        navigation.select({head}, head);
    const auto &heads = navigation.place().heads;
    auto *menu = new QMenu(m_window);
    menu->setObjectName(QStringLiteral("head-menu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addSection(heads.size() == 1 ? label(heads.front()) : tr("%1 heads").arg(heads.size()));
    menu->addActions(m_headActions);
    menu->popup(at);
}

} // namespace patchbay
