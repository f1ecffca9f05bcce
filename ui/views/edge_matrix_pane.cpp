#include "views/edge_matrix_pane.h"

#include "docks/dock_parts.h"
#include "docks/flow_row.h"
#include "view_options.h"
#include "zoomed_heatmap.h"

#include <QComboBox>
#include <QVBoxLayout>

namespace patchbay {

using widgets::ZoomedHeatmap;

EdgeMatrixPane::EdgeMatrixPane(Explorer &explorer, QWidget *parent) : QWidget(parent), m_explorer(explorer)
{
    QVBoxLayout *column = paneColumn(this);
    auto *bar = new QWidget(this);
    auto *row = new FlowRow(bar);
    row->setContentsMargins(8, 2, 8, 2);
    row->setSpacing(6);
    m_part = new QComboBox(bar);
    m_part->setAccessibleName(tr("Part of the edge matrix"));
    m_part->setToolTip(tr("Writers and readers of the circuit, all of them, or the strongest edge between layers"));
    m_part->addItem(tr("Circuit"), int(MatrixPart::Circuit));
    m_part->addItem(tr("All edges"), int(MatrixPart::All));
    m_part->addItem(tr("Layers"), int(MatrixPart::Layers));
    m_mask = toggleButton(tr("Mask"), tr("Edges that are not in the circuit are hatched"), bar);
    m_back = flatButton(tr("Back to the layers"), tr("From the edges of two layers to all layers"), bar);
    for (QWidget *one : std::initializer_list<QWidget *>{m_part, m_mask, m_back})
        row->addWidget(one);
    keepOption(m_part, "edge-matrix.part");
    keepOption(m_mask, "edge-matrix.mask");
    m_heatmap = new ZoomedHeatmap(this);
    m_heatmap->setSumsVisible(false); // estimates of edges do not add up to anything that is run
    m_heatmap->setEmptyText(tr("Score the edges first"));
    column->addWidget(bar);
    column->addWidget(m_heatmap, 1);
    setFocusProxy(m_heatmap);
    EdgesController &edges = m_explorer.edges;
    connect(&edges, &EdgesController::numbersChanged, this, &EdgeMatrixPane::refresh);
    connect(&edges, &EdgesController::circuitChanged, this, &EdgeMatrixPane::refresh);
    connect(m_part, &QComboBox::currentIndexChanged, this, [this] {
        m_from = m_to = -2;
        refresh();
    });
    connect(m_mask, &QToolButton::toggled, this, &EdgeMatrixPane::refresh);
    connect(m_back, &QToolButton::clicked, this, [this] {
        m_from = m_to = -2;
        refresh();
    });
    connect(m_heatmap, &ZoomedHeatmap::cellPicked, this, &EdgeMatrixPane::clicked);
    refresh();
}

void EdgeMatrixPane::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    refresh();
}

void EdgeMatrixPane::clicked(int row, int column)
{
    if (row < 0 || size_t(row) >= m_shown.writers.size() || column < 0 || size_t(column) >= m_shown.readers.size())
        return;
    const int from = m_shown.writers[size_t(row)], to = m_shown.readers[size_t(column)];
    const auto &numbers = m_explorer.edges.numbers();
    if (MatrixPart(m_part->currentData().toInt()) == MatrixPart::Layers && m_from == -2) {
        m_from = from;
        m_to = to;
        refresh();
    } else if (numbers && numbers->graph.is_edge({from, to})) {
        m_explorer.edges.setCurrentEdge(Edge{from, to});
    }
}

// Nobody pays for a matrix that is not on view.
void EdgeMatrixPane::refresh()
{
    if (!isVisible())
        return;
    const EdgesController &edges = m_explorer.edges;
    const bool block = m_from != -2;
    m_back->setVisible(block);
    if (!edges.numbers() || edges.kept().empty()) {
        m_shown = {};
    } else {
        MatrixOptions options;
        options.part = block ? MatrixPart::All : MatrixPart(m_part->currentData().toInt());
        options.maskOutside = m_mask->isChecked();
        options.block = block;
        options.fromLayer = m_from;
        options.toLayer = m_to;
        m_shown = edgeMatrix(*edges.numbers(), edges.kept(), options);
    }
    m_heatmap->setWhole(m_shown.view);
}

} // namespace patchbay
