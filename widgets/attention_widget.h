// Interactive token × token attention matrix of one head: zoom, scroll, hover read-out, role marks.
#pragma once

#include "attention_geometry.h"
#include "theme.h"
#include "views.h"

#include <QAbstractScrollArea>
#include <QImage>

namespace patchbay::widgets {

class AttentionWidget : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit AttentionWidget(QWidget *parent = nullptr);

    /// Shows a pattern; zoom and scroll stay when the number of tokens is the same.
    void setView(const AttentionView &view);
    const AttentionView &view() const { return m_view; }
    void setEmptyText(const QString &text);

    /// Weight of the strongest colour; 0: from the pattern. A click on the colour scale halves it or so, down to 0.05,
    /// and starts over from there: long prompts spread attention thinly.
    void setScaleMaximum(double maximum);
    double scaleMaximum() const { return m_maximum; }
    /// Pixels per cell; 0: fitted to the window. Also Ctrl + wheel, + and -; 0 or a double click fits again.
    void setCellSize(double pixels);

    /// Marks a row (destination) and column (source) as if hovered, -1 for none; for linking with a text view.
    void setHighlight(int row, int column);

    QString readout() const { return m_readout; }
    AttentionGeometry geometryOfMatrix() const; ///< in viewport pixels

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void hovered(int row, int column); ///< destination and source token, -1 outside
    void clicked(int row, int column);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void changeEvent(QEvent *event) override;
    void focusInEvent(QFocusEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;

private:
    void measure(); ///< label sizes, from fonts and tokens
    void updateScrollBars();
    void zoomTo(double cell, QPoint fixed);
    void setHover(int row, int column);
    void drawMatrix(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme);
    void drawLabels(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme, bool rows);
    void drawScale(QPainter &painter, const AttentionGeometry &geometry, const Theme &theme);
    /// Empty where there is no room for it.
    QRect scaleRect(const AttentionGeometry &geometry) const;
    bool onScale(const AttentionGeometry &geometry, QPoint point) const;
    const QString &rowToken(int row) const;
    QString place(const QString &token, int index) const; ///< "·Mary (2, IO)"

    AttentionView m_view;
    QString m_emptyText, m_readout;
    AttentionFrame m_frame;
    bool m_scale = true; ///< whether there is room for the colour bar
    int m_pillWidth = 0; // lane of role marks beside the labels, 0 without roles
    double m_cell = 0;   // 0: fitted
    double m_fixedMaximum = 0, m_maximum = 1, m_largest = 1;
    int m_row = -1, m_column = -1;
    QImage m_image; // visible part of the pattern
    QRectF m_imageCells;
    QColor m_imageGround;
};

} // namespace patchbay::widgets
