// The circuit that the user puts together, as a graph that follows the runs: which of its paths were measured, and how
// strong they are.
#pragma once

#include "controllers/circuit.h"
#include "controllers/explorer.h"

#include <QWidget>

class QDoubleSpinBox;
class QLabel;
class QTimer;
class QToolButton;

namespace patchbay {

namespace widgets {
class GraphWidget;
}

class CircuitPane : public QWidget {
    Q_OBJECT
public:
    explicit CircuitPane(Explorer &explorer, QWidget *parent = nullptr);
    widgets::GraphWidget *graph() const { return m_graph; }
    const CircuitGraph &shown() const { return m_shown; }
    /// The commands in the bar above the graph, the window's own: as buttons, and in a menu beside them.
    void setActions(const QList<QAction *> &buttons, const QList<QAction *> &more);

Q_SIGNALS:
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    void attentionRequested();

private:
    void refresh();
    QString hint() const;

    Explorer &m_explorer;
    widgets::GraphWidget *m_graph;
    QWidget *m_bar;
    QDoubleSpinBox *m_least;
    QLabel *m_hint;
    QTimer *m_refresh;
    CircuitGraph m_shown;
};

} // namespace patchbay
