// Ctrl+K: every action of the window by name, with its shortcut.
#pragma once

#include <QFrame>

class QAction;
class QLineEdit;
class QListWidget;

namespace patchbay {

class CommandPalette : public QFrame {
    Q_OBJECT
public:
    explicit CommandPalette(QWidget *window);
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
};

/// How well a text answers a search: every word must occur (as a substring, or as initials); negative when it does not.
/// Higher is better.
int matchScore(const QString &text, const QString &search);

} // namespace patchbay
