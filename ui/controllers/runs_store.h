// Every run of this window, with its result and state: the list that the runs dock shows.
#pragma once

#include "backend/backend.h"

#include <QAbstractListModel>
#include <QDateTime>
#include <QElapsedTimer>

#include <vector>

namespace patchbay {

enum class RunState { Queued, Running, Done, Stopped, Failed };
QString stateText(RunState state);

struct RunEntry {
    int id = -1;
    QString name;
    RunSpec spec;
    RunResultPtr result;     ///< a snapshot while running; null before the first
    HalfWidths halfWidths;   ///< empty until they are known, some moments after the run
    Stabilities stabilities; ///< the same
    RunState state = RunState::Queued;
    int done = 0, total = 0; ///< exact cells
    QDateTime started;
    QElapsedTimer clock; ///< since the run left the queue
    bool pinned = false;
    bool live = false;     ///< started by a change of the receiver tray
    bool ofSeries = false; ///< stands for the step of a series that is on view: another run the next moment
    QString message;       ///< why it failed
    JobId job = 0;
    bool finished() const { return state != RunState::Queued && state != RunState::Running; }
    /// Seconds, negative while unknown.
    double secondsLeft() const;
};

/// How many cells there are, and how many are there: all of a complete run, whether they were computed or estimated.
void countCells(RunEntry &entry);
/// A run that was computed elsewhere, as it is, for the list.
RunEntry runOfResult(const QString &name, const RunResultPtr &result);

class RunsStore : public QAbstractListModel {
    Q_OBJECT
public:
    enum Role { IdRole = Qt::UserRole + 1, StateRole, DetailRole, PinnedRole };
    explicit RunsStore(QObject *parent = nullptr);

    int add(RunEntry entry); ///< newest first; returns its id
    /// In the place of all that there is, newest first. Their ids are theirs already: none that was given before.
    void takeOver(std::vector<RunEntry> entries);
    /// The id that the next run gets.
    int nextId() const { return m_next; }
    /// changed: of the result's cells, none where the change is about something else.
    void update(int id, const std::function<void(RunEntry &)> &change, const ChangedCells &changed = {});
    void remove(int id);
    const RunEntry *find(int id) const;
    /// A run of the same numbers: complete if there is one, otherwise the newest. Null when there is none.
    const RunEntry *same(const RunSpec &spec) const;
    /// The newest older run that can be subtracted from this one: with a grid of the same name and shape, or both with
    /// a single grid of the same shape. −1: none.
    int comparable(int id) const;
    const std::vector<RunEntry> &entries() const { return m_entries; }
    int row(int id) const;

    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    bool setData(const QModelIndex &index, const QVariant &value, int role) override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;

Q_SIGNALS:
    /// changed: the cells of the result that are not as they were.
    void runChanged(int id, const patchbay::ChangedCells &changed);
    void runRemoved(int id);

private:
    std::vector<RunEntry> m_entries;
    int m_next = 1;
};

} // namespace patchbay
