// The docks at a side of the window, folded away together and brought back as they were: by a key, from the View menu,
// or by the buttons at the left of the status bar.
#pragma once

#include <QMainWindow>
#include <QVector>
#include <QWidget>

class QAction;
class QDockWidget;
class QToolButton;

namespace patchbay {

class SidePanels : public QWidget {
    Q_OBJECT
public:
    /// For the docks that the window has by now.
    explicit SidePanels(QMainWindow *window);

    /// Left, bottom, right; checked while any dock is there.
    const QList<QAction *> &actions() const { return m_actions; }

protected:
    void changeEvent(QEvent *event) override;

private:
    struct Side {
        Qt::DockWidgetArea area;
        QAction *action = nullptr;
        QToolButton *button = nullptr;
        QList<QDockWidget *> folded, front; ///< what was there, and on top of its tabs, when it was folded away
        int size = 0;                       ///< px: its width, or at the bottom its height
    };
    QList<QDockWidget *> docks(const Side &side, bool hidden) const;
    void setShown(Side &side, bool shown);
    void refresh();
    void refreshIcons();

    QMainWindow *m_window;
    QVector<Side> m_sides;
    QList<QAction *> m_actions;
};

} // namespace patchbay
