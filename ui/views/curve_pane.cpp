#include "views/curve_pane.h"

#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "edge_views.h"
#include "lines_widget.h"

#include <QVBoxLayout>

namespace patchbay {

CurvePane::CurvePane(Explorer &explorer, QWidget *parent) : QWidget(parent), m_explorer(explorer)
{
    QVBoxLayout *column = paneColumn(this);
    auto *bar = new QWidget(this);
    auto *row = new FlowRow(bar);
    row->setContentsMargins(8, 2, 8, 2);
    row->setSpacing(6);
    m_log = toggleButton(tr("Log"), tr("The share of edges by its logarithm; areas are of the plain axis"), bar);
    m_log->setChecked(true);
    row->addWidget(m_log);
    auto *text =
        caption(tr("CPR: area below the curve of edges chosen by signed score (first those that keep most of the "
                   "behaviour). CMD: area between 1 and the curve by size. A click takes a circuit of "
                   "that size."),
                this);
    text->setContentsMargins(10, 0, 10, 2);
    m_lines = new widgets::LinesWidget(this);
    m_lines->setEmptyText(tr("“Curve” beside the graph runs circuits of growing size"));
    column->addWidget(bar);
    column->addWidget(text);
    column->addWidget(m_lines, 1);
    setFocusProxy(m_lines);
    connect(m_log, &QToolButton::toggled, this, &CurvePane::refresh);
    connect(&m_explorer.runs, &RunsStore::runChanged, this, &CurvePane::refresh);
    connect(&m_explorer.runs, &RunsStore::runRemoved, this, &CurvePane::refresh);
    connect(&m_explorer.navigation, &Navigation::runChanged, this, &CurvePane::refresh);
    connect(m_lines, &widgets::LinesWidget::stepClicked, this, [this](int step) {
        EdgesController &edges = m_explorer.edges;
        if (edges.numbers() && step >= 0 && step < m_lines->view().x.size())
            edges.setTop(edges_at(edges.numbers()->graph, m_lines->view().x[step]));
        m_lines->setCurrent(step);
    });
    refresh();
}

void CurvePane::refresh()
{
    const int current = m_lines->view().current;
    widgets::LinesView view = curveLines(m_explorer.edges.curves(), m_log->isChecked());
    if (current < view.x.size())
        view.current = current;
    m_lines->setView(view);
}

} // namespace patchbay
