// A heatmap of many cells that shows a part of them: zoom at the pointer, pan, and the whole again, with the gestures
// of plots (axes_plot.h).
#pragma once

#include "heatmap_widget.h"

#include <optional>

namespace patchbay::widgets {

/// These columns (x) and rows (y) of every facet, named and coloured as in the whole.
HeatmapView croppedTo(const QRect &cells, const HeatmapView &whole);

class ZoomedHeatmap : public HeatmapWidget {
    Q_OBJECT
public:
    explicit ZoomedHeatmap(QWidget *parent = nullptr);

    /// The zoom stays while the whole has the same shape. In place of setView().
    void setWhole(const HeatmapView &whole);
    /// Columns (x) and rows (y) of the whole that are shown; null without cells.
    QRect shownCells() const;
    bool zoomed() const { return m_scale > 1; }
    void zoom(double factor, QPointF fixed); ///< above 1: nearer; the cell at `fixed` stays there
    void pan(double columns, double rows);   ///< by so many cells
    void showAll();

Q_SIGNALS:
    void cellPicked(int row, int column); ///< clicked; of the whole

protected:
    void wheelEvent(QWheelEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    QSize wholeSize() const;
    void refresh();

    HeatmapView m_whole;
    double m_scale = 1; ///< of the whole over what is shown
    QPointF m_first;    ///< column and row that are shown first
    std::optional<QPointF> m_panFrom;
};

} // namespace patchbay::widgets
