#include "docks/runs_dock.h"

#include "docks/dock_parts.h"
#include "docks/run_delegate.h"

#include <QListView>
#include <QMenu>
#include <QShortcut>
#include <QVBoxLayout>

namespace patchbay {

RunsDock::RunsDock(RunsStore &store, Navigation &navigation, RunController &runs, QWidget *parent)
    : QWidget(parent), m_store(store), m_navigation(navigation), m_runs(runs), m_list(new QListView(this)),
      m_empty(caption(tr("No runs yet. Choose what to run in the toolbar and press Run."), this))
{
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    m_empty->setContentsMargins(12, 10, 12, 10);
    column->addWidget(m_empty, 0, Qt::AlignTop);
    column->addWidget(m_list, 1);
    setFocusProxy(m_list);
    m_list->setModel(&m_store);
    m_list->setItemDelegate(new RunDelegate(m_store, m_list));
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->setMouseTracking(true);
    m_list->setUniformItemSizes(true);
    m_list->setAccessibleName(tr("Runs"));

    const auto showEmpty = [this] {
        const bool empty = m_store.rowCount() == 0;
        m_empty->setVisible(empty);
        m_list->setVisible(!empty);
    };
    connect(&m_store, &QAbstractItemModel::rowsInserted, this, showEmpty);
    connect(&m_store, &QAbstractItemModel::rowsRemoved, this, showEmpty);
    connect(&m_store, &QAbstractItemModel::modelReset, this, showEmpty);
    showEmpty();

    connect(m_list, &QListView::clicked, this, [this](const QModelIndex &index) {
        if (selectedRuns().size() == 1)
            m_navigation.showRun(index.data(RunsStore::IdRole).toInt());
    });
    connect(m_list, &QListView::activated, this,
            [this](const QModelIndex &index) { m_navigation.showRun(index.data(RunsStore::IdRole).toInt()); });
    connect(m_list, &QListView::customContextMenuRequested, this, &RunsDock::showMenu);
    connect(&m_navigation, &Navigation::runChanged, this, &RunsDock::follow);
    auto *remove = new QShortcut(QKeySequence::Delete, m_list, nullptr, nullptr, Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, &RunsDock::removeSelected);
}

void RunsDock::follow()
{
    const int row = m_store.row(m_navigation.place().run);
    if (row < 0) {
        m_list->clearSelection();
        return;
    }
    if (m_navigation.place().comparedRun < 0)
        m_list->setCurrentIndex(m_store.index(row));
}

int RunsDock::currentRun() const
{
    return m_list->currentIndex().isValid() ? m_list->currentIndex().data(RunsStore::IdRole).toInt() : -1;
}

QVector<int> RunsDock::selectedRuns() const
{
    QVector<int> ids;
    const auto rows = m_list->selectionModel()->selectedIndexes();
    for (const QModelIndex &index : rows)
        ids << index.data(RunsStore::IdRole).toInt();
    return ids;
}

void RunsDock::compareSelected()
{
    const QVector<int> ids = selectedRuns();
    const int current = currentRun();
    if (ids.size() == 2)
        m_navigation.showRun(current, ids[0] == current ? ids[1] : ids[0]);
}

void RunsDock::removeSelected()
{
    const QVector<int> ids = selectedRuns();
    for (const int id : ids)
        m_runs.remove(id);
}

void RunsDock::rename(int id)
{
    const QModelIndex index = m_store.index(m_store.row(id));
    if (!index.isValid())
        return;
    m_list->setCurrentIndex(index);
    m_list->edit(index);
}

void RunsDock::showMenu(const QPoint &at)
{
    const QModelIndex index = m_list->indexAt(at);
    if (!index.isValid())
        return;
    const RunEntry *entry = m_store.find(index.data(RunsStore::IdRole).toInt());
    const int id = entry->id;
    auto *shownMenu = new QMenu(this);
    shownMenu->setAttribute(Qt::WA_DeleteOnClose);
    QMenu &menu = *shownMenu;
    menu.addAction(tr("Show"), this, [this, id] { m_navigation.showRun(id); });
    if (entry->state == RunState::Stopped)
        menu.addAction(tr("Continue"), this, [this, id] { m_runs.continueRun(id); });
    if (!entry->finished())
        menu.addAction(tr("Stop"), this, [this, id] { m_runs.stop(id); });
    menu.addSeparator();
    const QVector<int> ids = selectedRuns();
    const int shown = m_navigation.place().run;
    if (ids.size() == 2) {
        menu.addAction(tr("Compare: difference of the two"), this, &RunsDock::compareSelected);
    } else if (shown >= 0 && shown != id) {
        menu.addAction(tr("Compare: shown run − this"), this, [this, id, shown] { m_navigation.showRun(shown, id); });
    }
    menu.addAction(tr("Duplicate and edit"), this, [this, spec = entry->spec] { Q_EMIT editRequested(spec); });
    menu.addAction(tr("Save result…"), this, [this, id] { Q_EMIT saveRequested(id); })
        ->setEnabled(entry->result != nullptr);
    menu.addAction(tr("Copy as Python"), this, [this, id] { Q_EMIT scriptRequested(id); })
        ->setEnabled(entry->result != nullptr);
    menu.addSeparator();
    menu.addAction(tr("Rename"), this, [this, id] { rename(id); });
    QAction *pin = menu.addAction(tr("Pinned"), this,
                                  [this, id](bool on) { m_store.update(id, [on](RunEntry &e) { e.pinned = on; }); });
    pin->setCheckable(true);
    pin->setChecked(entry->pinned);
    menu.addAction(tr("Delete"), this, &RunsDock::removeSelected)->setEnabled(!entry->pinned);
    menu.popup(m_list->viewport()->mapToGlobal(at));
}

} // namespace patchbay
