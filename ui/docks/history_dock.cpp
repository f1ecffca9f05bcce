#include "docks/history_dock.h"

#include "docks/dock_parts.h"
#include "docks/flow_row.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QListWidget>

#include <algorithm>

namespace patchbay {

namespace {
constexpr int kCommand = Qt::UserRole, kStep = Qt::UserRole + 1, kRun = Qt::UserRole + 2;

QString timeOf(const HistoryEntry &entry)
{
    return QDateTime::fromString(QString::fromStdString(entry.time), Qt::ISODate).toString(QStringLiteral("HH:mm"));
}
} // namespace

HistoryDock::HistoryDock(ProjectController &project, Navigation &navigation, QWidget *parent)
    : QWidget(parent), m_project(project), m_navigation(navigation), m_list(new QListWidget(this)),
      m_empty(caption(tr("What you do is listed here, with the commands that do it again."), this))
{
    QVBoxLayout *column = paneColumn(this);
    auto *bar = new QWidget(this);
    auto *row = new FlowRow(bar);
    row->setContentsMargins(8, 6, 8, 4);
    row->setSpacing(6);
    m_ledHere = toggleButton(tr("Led here"), tr("Only what the run on view came from"), bar);
    m_copy = flatButton(tr("Copy commands"),
                        tr("The commands of the selected steps, or of all that are listed, for a terminal"), bar);
    row->addWidget(m_ledHere);
    row->addWidget(m_copy);
    column->addWidget(bar);
    column->addWidget(m_empty);
    m_empty->setContentsMargins(12, 4, 12, 10);
    column->addLayout(inset(m_list), 1);
    setFocusProxy(m_list);
    m_list->setAccessibleName(tr("History"));
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideRight);
    connect(m_ledHere, &QToolButton::toggled, this, &HistoryDock::filter);
    connect(m_copy, &QToolButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(commands().join(QLatin1Char('\n'))); });
    connect(m_list, &QListWidget::itemActivated, this, &HistoryDock::goTo);
    connect(&m_project, &ProjectController::historyChanged, this, &HistoryDock::append);
    connect(&m_project, &ProjectController::opened, this, &HistoryDock::rebuild);
    connect(&m_navigation.undoStack(), &QUndoStack::indexChanged, this, &HistoryDock::markUndone);
    connect(&m_navigation, &Navigation::runChanged, this, [this] {
        if (m_ledHere->isChecked())
            filter();
    });
    rebuild();
}

void HistoryDock::rebuild()
{
    m_list->clear();
    m_copy->setEnabled(false);
    m_firstStep = int(m_project.history().size());
    append();
}

// Steps of an earlier start have no way back by undo; their runs can be shown.
void HistoryDock::append()
{
    const std::vector<HistoryEntry> &all = m_project.history();
    for (size_t at = size_t(m_list->count()); at < all.size(); ++at) {
        const HistoryEntry &entry = all[at];
        const QString command = QString::fromStdString(entry.command);
        QString text = timeOf(entry) + QStringLiteral("  ") + QString::fromStdString(entry.sentence);
        if (!command.isEmpty())
            text += QLatin1Char('\n') + QString(7, QLatin1Char(' ')) + command.section(QLatin1Char('\n'), 0, 0);
        auto *item = new QListWidgetItem(text, m_list);
        if (!command.isEmpty())
            m_copy->setEnabled(true);
        item->setToolTip(command.isEmpty() ? QString::fromStdString(entry.sentence) : command);
        item->setData(kCommand, command);
        item->setData(kStep, m_project.stepOf(at));
        item->setData(kRun, qlonglong(entry.run));
    }
    m_list->scrollToBottom();
    m_empty->setVisible(m_list->count() == 0);
    markUndone();
    if (m_ledHere->isChecked())
        filter();
}

// Each click is a step: what earlier starts did is not looked at again.
void HistoryDock::markUndone()
{
    const int index = m_navigation.undoStack().index();
    for (int row = m_firstStep; row < m_list->count(); ++row) {
        QListWidgetItem *item = m_list->item(row);
        const bool undone = item->data(kStep).toInt() > index;
        item->setForeground(palette().color(undone ? QPalette::Disabled : QPalette::Active, QPalette::Text));
    }
}

void HistoryDock::filter()
{
    const Place &place = m_navigation.place();
    const qint64 shown = m_project.idOf(place.run), compared = m_project.idOf(place.comparedRun);
    const bool only = m_ledHere->isChecked();
    QListWidgetItem *opened = nullptr; // the last model and task before a run
    for (int row = 0; row < m_list->count(); ++row) {
        QListWidgetItem *item = m_list->item(row);
        const qint64 run = item->data(kRun).toLongLong();
        const bool of = run > 0 && (run == shown || run == compared);
        item->setHidden(only && !of);
        if (run < 0 && !item->data(kCommand).toString().isEmpty())
            opened = item;
        if (only && of && opened)
            opened->setHidden(false);
    }
}

void HistoryDock::goTo(const QListWidgetItem *item)
{
    if (const int step = item->data(kStep).toInt(); step >= 0)
        m_navigation.undoStack().setIndex(step);
    else if (const int run = m_project.runOf(item->data(kRun).toLongLong()); run >= 0)
        m_navigation.showRun(run);
}

QStringList HistoryDock::commands() const
{
    const bool selected = !m_list->selectedItems().isEmpty();
    QStringList all;
    for (int row = 0; row < m_list->count(); ++row) {
        const QListWidgetItem *item = m_list->item(row);
        const QString command = item->data(kCommand).toString();
        if (!command.isEmpty() && (selected ? item->isSelected() : !item->isHidden()))
            all << command;
    }
    return all;
}

} // namespace patchbay
