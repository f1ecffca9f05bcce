// Interactive layer × head heatmap: facets on one scale, read-out, selection by pointer and keyboard.
#pragma once

#include "head_selection.h"
#include "heatmap_painter.h"
#include "views.h"

#include <QPixmap>
#include <QWidget>

namespace patchbay::widgets {

class HeatmapWidget : public QWidget {
    Q_OBJECT
public:
    explicit HeatmapWidget(QWidget *parent = nullptr);

    /// Shows a view.
    void setView(const HeatmapView &view);
    /// The view that is shown, with other values in these cells: only they are repainted while shape, scale and mask
    /// stay. May be called at any rate while a sweep runs.
    void updateCells(const HeatmapView &view, const QVector<CellRef> &changed);
    const HeatmapView &view() const { return m_view; }

    /// Text in the middle while there are no facets ("No run yet").
    void setEmptyText(const QString &text);
    void setColourMap(ColourMap map);
    void setSumsVisible(bool visible);      ///< margins with row and column sums, where there is room
    void setCellTextsVisible(bool visible); ///< values in cells, where there is room

    /// Selected heads, last = most recent. Setting emits nothing.
    QVector<HeadId> selection() const;
    void setSelection(const QVector<HeadId> &heads);

    /// Where colours end: the view's limit, or the data's.
    double colourEnd() const { return m_limit; }
    /// The read-out line's present text.
    QString readout() const { return m_readout; }
    const HeatmapLayout &layoutGeometry() const; ///< in widget pixels; for tests and tool windows

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void hovered(patchbay::widgets::HeadId head, int facet); ///< invalid head, -1 when the pointer leaves the cells
    void clicked(patchbay::widgets::HeadId head, int facet);
    void cellClicked(int facet, int row, int column); ///< also tells the column where columns are positions
    void selectionChanged(const QVector<patchbay::widgets::HeadId> &heads); ///< by the user only
    void activated(patchbay::widgets::HeadId head);                         ///< Enter or double click: open attention
    void contextMenuRequested(patchbay::widgets::HeadId head, const QPoint &globalPosition);
    void limitDragged(double limit);                   ///< along the colour bar: upwards for a smaller range
    void rangeRequested(const QPoint &globalPosition); ///< a click on the colour bar

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    HeatmapScene scene() const;
    void relayout();
    void repaintAll(); ///< the data part too
    void repaintCells(const QVector<CellRef> &changed);
    void setHover(CellRef cell, QPoint point);
    void updateReadout(QPoint point = {-1, -1});
    void finishSelection(bool changed);
    QVector<HeadId> outward(const QVector<HeadId> &cells) const; ///< (row, column) → heads
    int currentFacet() const;

    HeatmapView m_view;
    QString m_emptyText;
    ColourMap m_map = ColourMap::RdBu;
    bool m_sums = true, m_cellTexts = true;
    double m_limit = 1;
    mutable HeatmapLayout m_layout;
    HeadSelection m_selection; // as (row, column), also where columns are positions
    CellRef m_hover;
    int m_facet = 0; // facet last pointed at: the read-out's facet for the keyboard
    QPoint m_press{-1, -1};
    double m_barLimit = 0; ///< when a drag of the colour bar began; 0: none
    QRect m_band;
    QString m_readout;
    bool m_readoutIsHint = true;
    QPixmap m_buffer;       // the data part, so that hovering never draws cells
    QVector<QRect> m_stale; // parts of m_buffer to be drawn again; a QRegion would cut them into slivers
};

} // namespace patchbay::widgets
