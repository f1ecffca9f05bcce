// Ctrl+K: every action of the window by name, with its shortcut, and what else the window has: runs, heads, notes.
#pragma once

#include <QFrame>
#include <QVector>

#include <functional>

class QAction;
class QLineEdit;
class QListWidget;

namespace patchbay {

class CommandPalette : public QFrame {
    Q_OBJECT
public:
    explicit CommandPalette(QWidget *window);
    /// Something beside the commands that can be gone to.
    struct Found {
        QString text, tip;
        std::function<void()> go;
    };
    /// Asked when it opens; what it gives is listed where something of it is searched for.
    void setMore(const std::function<QVector<Found>()> &more) { m_more = more; }
    /// Shows itself over the window, with the actions that are enabled now.
    void open();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void filter(const QString &text);
    void runCurrent();

    QWidget *m_window;
    QLineEdit *m_search;
    QListWidget *m_list;
    QList<QAction *> m_actions;
    std::function<QVector<Found>()> m_more;
    QVector<Found> m_found;
};

/// How well a text answers a search: every word must occur (as a substring, or as initials); negative when it does not.
/// Higher is better.
int matchScore(const QString &text, const QString &search);

} // namespace patchbay
