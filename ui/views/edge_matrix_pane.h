// The edge matrix, writers × readers, as a heatmap: of the circuit, of all, or the strongest edge between layers, into
// which a click goes.
#pragma once

#include "controllers/explorer.h"
#include "edge_views.h"

#include <QWidget>

class QComboBox;
class QToolButton;

namespace patchbay {

namespace widgets {
class ZoomedHeatmap;
}

class EdgeMatrixPane : public QWidget {
    Q_OBJECT
public:
    explicit EdgeMatrixPane(Explorer &explorer, QWidget *parent = nullptr);
    widgets::ZoomedHeatmap *heatmap() const { return m_heatmap; }
    QComboBox *part() const { return m_part; }
    QToolButton *mask() const { return m_mask; }
    const EdgeMatrix &shown() const { return m_shown; }

protected:
    void showEvent(QShowEvent *event) override;

private:
    void refresh();
    void clicked(int row, int column);

    Explorer &m_explorer;
    QComboBox *m_part;
    QToolButton *m_mask, *m_back;
    widgets::ZoomedHeatmap *m_heatmap;
    EdgeMatrix m_shown;
    int m_from = -2, m_to = -2; ///< the block of layers that was gone into: -1 the embedding; -2: none
};

} // namespace patchbay
