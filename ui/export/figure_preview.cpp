#include "export/figure_preview.h"

#include <QEvent>
#include <QPainter>

#include <algorithm>

namespace patchbay {

namespace {
constexpr int frame = 16;          ///< pixels around the page
constexpr double largestScale = 8; ///< pixels a mm: twice the size in print on common screens
} // namespace

FigurePreview::FigurePreview(QWidget *parent) : QWidget(parent)
{
    setMinimumSize(260, 260);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setAccessibleName(tr("Preview of the figure"));
}

void FigurePreview::setSheet(const widgets::FigureSheet &sheet)
{
    m_sheet = sheet;
    m_page = {};
    setAccessibleDescription(sizeText());
    update();
}

QString FigurePreview::sizeText() const
{
    if (m_sheet.panels.isEmpty())
        return {};
    const QSizeF size = widgets::figureSize(m_sheet);
    return tr("%1 × %2 mm").arg(size.width(), 0, 'f', 0).arg(size.height(), 0, 'f', 0);
}

void FigurePreview::render()
{
    const QSizeF mm = widgets::figureSize(m_sheet);
    const double scale =
        std::min({(width() - 2.0 * frame) / mm.width(), (height() - 2.0 * frame) / mm.height(), largestScale});
    const double ratio = devicePixelRatioF();
    const QSizeF page = mm * std::max(scale, 0.5);
    m_page = QPixmap((page * ratio).toSize().expandedTo(QSize(1, 1)));
    m_page.fill(Qt::white);
    QPainter painter(&m_page);
    widgets::paintFigure(painter, m_sheet, QRectF(QPointF(), page * ratio));
    painter.end();
    m_page.setDevicePixelRatio(ratio);
}

void FigurePreview::paintEvent(QPaintEvent *)
{
    if (m_sheet.panels.isEmpty())
        return;
    if (m_page.isNull())
        render();
    const QSizeF size = m_page.deviceIndependentSize();
    const QPointF corner((width() - size.width()) / 2, (height() - size.height()) / 2);
    QPainter painter(this);
    painter.fillRect(QRectF(corner, size).translated(3, 3), QColor(0, 0, 0, 60));
    painter.drawPixmap(corner, m_page);
}

void FigurePreview::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    m_page = {};
}

void FigurePreview::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::ScreenChangeInternal)
        m_page = {};
}

} // namespace patchbay
