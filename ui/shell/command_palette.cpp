#include "shell/command_palette.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace patchbay {

namespace {
constexpr int kFound = Qt::UserRole + 1; ///< index in what was found
constexpr int kRowHeight = 28, kMostFound = 100;
constexpr int kWholeWord = 10; ///< matchScore of one that stands alone

QString plainText(const QAction *action)
{
    QString text = action->text();
    text.remove(QLatin1Char('&'));
    return text;
}
} // namespace

int matchScore(const QString &text, const QString &search)
{
    // The best place of a word counts: "v" is the v of "into its v", not that of "every".
    const auto placeScore = [&text](qsizetype at, qsizetype length) {
        const bool starts = at == 0 || !text[at - 1].isLetterOrNumber();
        const bool ends = at + length == text.size() || !text[at + length].isLetterOrNumber();
        return (starts && ends ? 12 : starts ? 10 : 3) - static_cast<int>(std::min<qsizetype>(at, 2));
    };
    int score = text.compare(search.trimmed(), Qt::CaseInsensitive) == 0 ? 100 : 0;
    const QStringList words = search.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    for (const QString &word : words) {
        int best = -1;
        for (auto at = text.indexOf(word, 0, Qt::CaseInsensitive); at >= 0;
             at = text.indexOf(word, at + 1, Qt::CaseInsensitive))
            best = std::max(best, placeScore(at, word.size()));
        if (best < 0)
            return -1;
        score += best;
    }
    return score;
}

CommandPalette::CommandPalette(QWidget *window)
    : QFrame(window, Qt::Popup), m_window(window), m_search(new QLineEdit(this)), m_list(new QListWidget(this))
{
    setFrameShape(QFrame::StyledPanel);
    setAccessibleName(tr("Command palette"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(6);
    column->addWidget(m_search);
    column->addWidget(m_list);
    m_search->setPlaceholderText(tr("A command, a run, a head such as L9H6, or words of a note"));
    m_search->setAccessibleName(tr("Search commands, runs, heads and notes"));
    m_list->setAccessibleName(tr("Commands"));
    m_list->setUniformItemSizes(true);
    m_list->setFocusPolicy(Qt::NoFocus);
    m_search->installEventFilter(this);
    connect(m_search, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::runCurrent);
}

void CommandPalette::open()
{
    m_actions.clear();
    const auto all = m_window->findChildren<QAction *>();
    for (QAction *action : all)
        if (!action->isSeparator() && !action->menu() && !action->objectName().isEmpty()
            && !plainText(action).isEmpty())
            m_actions << action;
    m_found = m_more ? m_more() : QVector<Found>();
    m_search->clear();
    filter({});
    const int width = std::min(560, m_window->width() - 40);
    const int height = std::min(420, m_window->height() - 80);
    resize(width, height);
    move(m_window->mapToGlobal(QPoint((m_window->width() - width) / 2, 60)));
    show();
    m_search->setFocus();
}

void CommandPalette::filter(const QString &text)
{
    QVector<std::pair<int, QAction *>> found;
    for (QAction *action : std::as_const(m_actions))
        if (const int score = matchScore(plainText(action), text); score >= 0)
            found.append({score, action});
    // What cannot be done now is listed too, after the rest: a command that is looked for shall be found.
    std::stable_sort(found.begin(), found.end(), [](const auto &a, const auto &b) {
        return std::pair(a.second->isEnabled(), a.first) > std::pair(b.second->isEnabled(), b.first);
    });
    m_list->clear();
    for (const auto &[score, action] : std::as_const(found)) {
        const QString keys = action->shortcut().toString(QKeySequence::NativeText);
        auto *item = new QListWidgetItem(
            keys.isEmpty() ? plainText(action) : plainText(action) + QStringLiteral("    ") + keys, m_list);
        item->setData(Qt::UserRole, QVariant::fromValue(static_cast<QObject *>(action)));
        item->setToolTip(action->toolTip());
        item->setSizeHint(QSize(0, kRowHeight));
        if (!action->isEnabled())
            item->setFlags(Qt::NoItemFlags);
    }
    QVector<std::pair<int, int>> more;
    if (!text.trimmed().isEmpty())
        for (int at = 0; at < m_found.size(); ++at)
            if (const int score = matchScore(m_found[at].text, text); score >= 0)
                more.append({score, at});
    std::stable_sort(more.begin(), more.end(), [](const auto &a, const auto &b) { return a.first > b.first; });
    // What is searched for by its whole name comes before commands that have its letters somewhere.
    int row = 0;
    for (const auto &[score, at] : more.mid(0, kMostFound)) {
        auto *item = new QListWidgetItem(m_found[at].text);
        item->setData(kFound, at);
        item->setToolTip(m_found[at].tip);
        item->setSizeHint(QSize(0, kRowHeight));
        m_list->insertItem(
            score >= kWholeWord && (found.isEmpty() || found.front().first < score) ? row++ : m_list->count(), item);
    }
    m_list->setCurrentRow(0);
}

void CommandPalette::runCurrent()
{
    const QListWidgetItem *item = m_list->currentItem();
    if (!item || !(item->flags() & Qt::ItemIsEnabled))
        return;
    auto *action = qobject_cast<QAction *>(item->data(Qt::UserRole).value<QObject *>());
    hide();
    if (const QVariant at = item->data(kFound); at.isValid())
        return m_found[at.toInt()].go();
    if (action)
        action->trigger();
}

bool CommandPalette::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_search && event->type() == QEvent::KeyPress) {
        const auto *key = static_cast<QKeyEvent *>(event);
        const int rows = m_list->count();
        if (rows > 0 && (key->key() == Qt::Key_Down || key->key() == Qt::Key_Up)) {
            m_list->setCurrentRow((m_list->currentRow() + (key->key() == Qt::Key_Down ? 1 : rows - 1)) % rows);
            return true;
        }
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            runCurrent();
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace patchbay
