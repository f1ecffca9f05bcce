// The figure as it will be printed, scaled to the room there is.
#pragma once

#include "figure/figure.h"

#include <QPixmap>
#include <QWidget>

namespace patchbay {

class FigurePreview : public QWidget {
    Q_OBJECT
public:
    explicit FigurePreview(QWidget *parent = nullptr);

    /// Drawn at the next paint, once however often it is set before.
    void setSheet(const widgets::FigureSheet &sheet);
    const widgets::FigureSheet &sheet() const { return m_sheet; }
    /// "85 × 79 mm", for a label.
    QString sizeText() const;
    QSize sizeHint() const override { return {520, 520}; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void changeEvent(QEvent *event) override;

private:
    void render();

    widgets::FigureSheet m_sheet;
    QPixmap m_page;
};

} // namespace patchbay
