// The Help menu: the handbook that is built in, the shortcuts, what a control is for, and what this program is.
#pragma once

#include <QDialog>
#include <QMenu>

class QTextBrowser;

namespace patchbay {

/// Pages of the handbook, which are part of the program; links between them work, those to the web open a browser.
class HandbookDialog : public QDialog {
    Q_OBJECT
public:
    explicit HandbookDialog(QWidget *parent);
    QTextBrowser *page() const { return m_page; }
    void open(const QString &page); ///< "README.md"

private:
    QTextBrowser *m_page;
};

class HelpMenu : public QMenu {
    Q_OBJECT
public:
    explicit HelpMenu(QWidget *window);

    /// A table of every command of the window with its keys, as HTML.
    static QString shortcutsHtml(const QWidget &window);
    /// Versions and licences, as HTML.
    static QString aboutHtml();

Q_SIGNALS:
    void tourRequested();

private:
    void showText(const QString &name, const QString &title, const QString &html);

    QWidget *m_window;
};

/// Every control that has a tip and no explanation of its own explains itself with the tip ("What's this?").
void explainControls(QWidget *window);

} // namespace patchbay
