#include "controllers/runs_store.h"

#include "amounts_text.h"
#include "analysis/known_runs.h"
#include "controllers/run_views.h"

#include <algorithm>

namespace patchbay {

QString stateText(RunState state)
{
    switch (state) {
    case RunState::Queued:
        return RunsStore::tr("waiting");
    case RunState::Running:
        return RunsStore::tr("running");
    case RunState::Done:
        return RunsStore::tr("done");
    case RunState::Stopped:
        return RunsStore::tr("stopped");
    case RunState::Failed:
        return RunsStore::tr("failed");
    }
    return {};
}

double RunEntry::secondsLeft() const
{
    if (state != RunState::Running || done < 2 || total <= 0 || !clock.isValid())
        return -1;
    return double(clock.elapsed()) / 1000.0 * double(total - done) / double(done);
}

void countCells(RunEntry &entry)
{
    entry.total = all_cells(*entry.result);
    entry.done = entry.result->complete ? entry.total : exact_cells(*entry.result);
}

RunEntry runOfResult(const QString &name, const RunResultPtr &result)
{
    RunEntry entry;
    entry.name = name;
    entry.spec = result->spec;
    entry.result = result;
    entry.state = result->complete ? RunState::Done : RunState::Stopped;
    entry.started = QDateTime::currentDateTime();
    countCells(entry);
    return entry;
}

RunsStore::RunsStore(QObject *parent) : QAbstractListModel(parent) { }

int RunsStore::add(RunEntry entry)
{
    entry.id = m_next++;
    beginInsertRows({}, 0, 0);
    m_entries.insert(m_entries.begin(), std::move(entry));
    endInsertRows();
    return m_entries.front().id;
}

void RunsStore::takeOver(std::vector<RunEntry> entries)
{
    beginResetModel();
    m_entries.swap(entries);
    for (const RunEntry &entry : m_entries)
        m_next = std::max(m_next, entry.id + 1);
    endResetModel();
    for (const RunEntry &gone : entries)
        Q_EMIT runRemoved(gone.id);
}

void RunsStore::update(int id, const std::function<void(RunEntry &)> &change, const ChangedCells &changed)
{
    const int at = row(id);
    if (at < 0)
        return;
    change(m_entries[size_t(at)]);
    Q_EMIT dataChanged(index(at), index(at));
    Q_EMIT runChanged(id, changed);
}

void RunsStore::remove(int id)
{
    const int at = row(id);
    if (at < 0)
        return;
    beginRemoveRows({}, at, at);
    m_entries.erase(m_entries.begin() + at);
    endRemoveRows();
    Q_EMIT runRemoved(id);
}

int RunsStore::row(int id) const
{
    const auto it = std::find_if(m_entries.begin(), m_entries.end(), [id](const RunEntry &e) { return e.id == id; });
    return it == m_entries.end() ? -1 : static_cast<int>(it - m_entries.begin());
}

const RunEntry *RunsStore::find(int id) const
{
    const int at = row(id);
    return at < 0 ? nullptr : &m_entries[size_t(at)];
}

namespace {
/// A finished run is of the texts that it read, whatever is in their file now.
std::string keyOf(const RunEntry &entry)
{
    return entry.state == RunState::Done && entry.result ? known_key(*entry.result) : known_key(entry.spec);
}
} // namespace

const RunEntry *RunsStore::same(const RunSpec &spec) const
{
    const std::string key = known_key(spec);
    const RunEntry *newest = nullptr;
    for (const RunEntry &entry : m_entries) {
        if (entry.ofSeries || entry.state == RunState::Failed || keyOf(entry) != key)
            continue;
        if (entry.state == RunState::Done)
            return &entry;
        if (!newest)
            newest = &entry;
    }
    return newest;
}

int RunsStore::comparable(int id) const
{
    const auto fits = [](const RunResult &a, const RunResult &b) {
        const bool single = a.grids.size() == 1 && b.grids.size() == 1;
        return std::any_of(a.grids.begin(), a.grids.end(), [&](const Grid &x) {
            return std::any_of(b.grids.begin(), b.grids.end(), [&](const Grid &y) {
                return !x.axes.empty() && x.axes == y.axes && x.shape == y.shape && (single || x.name == y.name);
            });
        });
    };
    const int at = row(id);
    if (at < 0 || !m_entries[size_t(at)].result)
        return -1;
    for (size_t i = size_t(at) + 1; i < m_entries.size(); ++i)
        if (m_entries[i].result && fits(*m_entries[size_t(at)].result, *m_entries[i].result))
            return m_entries[i].id;
    return -1;
}

int RunsStore::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
}

QVariant RunsStore::data(const QModelIndex &index, int role) const
{
    if (!index.isValid())
        return {};
    const RunEntry &entry = m_entries[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return entry.name;
    case Qt::ToolTipRole:
        return entry.message.isEmpty() ? QString::fromStdString(describe(entry.spec)) : entry.message;
    case IdRole:
        return entry.id;
    case StateRole:
        return static_cast<int>(entry.state);
    case PinnedRole:
        return entry.pinned;
    case DetailRole: {
        QString detail = entry.state == RunState::Running && entry.total > 0
            ? tr("%1 of %2").arg(entry.done).arg(countedText(entry.total, entry.spec.is<Analysis>() ? "step" : "cell"))
            : stateText(entry.state);
        if (entry.state == RunState::Done && entry.result)
            detail = tr("%1 s").arg(entry.result->seconds, 0, 'f', entry.result->seconds < 10 ? 2 : 1);
        if (entry.state == RunState::Stopped && entry.total > 0)
            detail = tr("stopped at %1 of %2").arg(entry.done).arg(entry.total);
        detail = entry.started.toString(QStringLiteral("HH:mm")) + QStringLiteral(" · ") + detail;
        return severalTasks(*this) ? taskName(entry.spec.task) + QStringLiteral(" · ") + detail : detail;
    }
    case Qt::AccessibleTextRole:
        return entry.name + QStringLiteral(", ") + stateText(entry.state);
    default:
        return {};
    }
}

bool RunsStore::setData(const QModelIndex &index, const QVariant &value, int role)
{
    const QString name = value.toString().trimmed();
    if (!index.isValid() || role != Qt::EditRole || name.isEmpty())
        return false;
    update(m_entries[size_t(index.row())].id, [&](RunEntry &entry) { entry.name = name; });
    return true;
}

Qt::ItemFlags RunsStore::flags(const QModelIndex &index) const
{
    return QAbstractListModel::flags(index) | Qt::ItemIsEditable;
}

} // namespace patchbay
