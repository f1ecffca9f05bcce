// The circuit of edges as a graph: how edges are scored, how many are in, how faithful that is, and what a click on a
// node or an edge offers.
#pragma once

#include "controllers/explorer.h"
#include "edge_views.h"

#include <QWidget>

class QAction;
class QComboBox;
class QLabel;
class QMenu;
class QPushButton;
class QSlider;
class QSpinBox;
class QToolButton;

namespace patchbay {

namespace widgets {
class BarsWidget;
class EdgeGraphWidget;
} // namespace widgets

class EdgesPane : public QWidget {
    Q_OBJECT
public:
    explicit EdgesPane(Explorer &explorer, QWidget *parent = nullptr);

    widgets::EdgeGraphWidget *graph() const { return m_graph; }
    widgets::BarsWidget *bars() const { return m_bars; }
    QSlider *slider() const { return m_slider; }
    QSpinBox *top() const { return m_top; }
    QToolButton *bySign() const { return m_bySign; }
    QToolButton *outside() const { return m_outside; }
    QComboBox *method() const { return m_method; }
    QPushButton *find() const { return m_find; }
    QPushButton *curve() const { return m_curve; }
    QLabel *status() const { return m_status; }
    /// Of the graph, for figures.
    const QString &graphTitle() const { return m_title; }
    QLabel *edgeText() const { return m_edgeText; }
    /// The window's own commands about the clicked edge, and those about the circuit.
    void setActions(const QList<QAction *> &edge, const QList<QAction *> &circuit);

Q_SIGNALS:
    void menuRequested(patchbay::widgets::HeadId head, const QPoint &at);
    void attentionRequested();
    void keepRequested();

private:
    QWidget *buildScores();
    QWidget *buildCircuit();
    QWidget *buildSide();
    void connectGraph();
    void refresh();
    void refreshChoice();
    void refreshGraph();
    void refreshStatus();
    void refreshSide();
    void fillNamed();
    void askedFor(int place);

    Explorer &m_explorer;
    QComboBox *m_method, *m_direction, *m_replacement, *m_metric;
    QPushButton *m_find, *m_curve;
    QSlider *m_slider;
    QSpinBox *m_top;
    QToolButton *m_bySign, *m_outside, *m_circuits;
    QMenu *m_named;
    QLabel *m_status, *m_edgeText, *m_least;
    widgets::EdgeGraphWidget *m_graph;
    widgets::BarsWidget *m_bars;
    QWidget *m_side, *m_edgeBox;
    std::vector<size_t> m_barCells; ///< the edge of each bar
    QList<QAction *> m_edgeActions;
    QString m_title;
};

/// "f = 0.914, completeness 0.03" of a run, "f ≈ 0.88" before it is there.
QString faithfulnessText(const EdgesController &edges);

} // namespace patchbay
