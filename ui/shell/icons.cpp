#include "shell/icons.h"

#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPalette>

namespace patchbay {

namespace {

/// Paths on a 16 × 16 grid; filled says which are areas.
QPainterPath pathOf(Glyph glyph, bool &filled)
{
    QPainterPath p;
    filled = false;
    switch (glyph) {
    case Glyph::Run:
        p.addPolygon(QPolygonF({{4.5, 3}, {13, 8}, {4.5, 13}}));
        p.closeSubpath();
        filled = true;
        break;
    case Glyph::Stop:
        p.addRoundedRect(QRectF(4, 4, 8, 8), 1, 1);
        filled = true;
        break;
    case Glyph::Pause:
        p.addRoundedRect(QRectF(4, 3.5, 3, 9), 0.8, 0.8);
        p.addRoundedRect(QRectF(9, 3.5, 3, 9), 0.8, 0.8);
        filled = true;
        break;
    case Glyph::Export:
        p.moveTo(8, 10);
        p.lineTo(8, 2.5);
        p.moveTo(5, 5.5);
        p.lineTo(8, 2.5);
        p.lineTo(11, 5.5);
        p.moveTo(3, 9);
        p.lineTo(3, 13);
        p.lineTo(13, 13);
        p.lineTo(13, 9);
        break;
    case Glyph::Undo:
    case Glyph::Redo:
        p.moveTo(6, 3);
        p.lineTo(3, 6);
        p.lineTo(6, 9);
        p.moveTo(3, 6);
        p.lineTo(10, 6);
        p.arcTo(QRectF(6.5, 6, 7, 7), 90, -180);
        p.lineTo(6, 13);
        if (glyph == Glyph::Redo)
            p = QTransform(-1, 0, 0, 1, 16, 0).map(p);
        break;
    case Glyph::Open:
        p.moveTo(2.5, 12.5);
        p.lineTo(2.5, 3.5);
        p.lineTo(6, 3.5);
        p.lineTo(7.5, 5.5);
        p.lineTo(13.5, 5.5);
        p.lineTo(13.5, 12.5);
        p.closeSubpath();
        break;
    case Glyph::Close:
        p.moveTo(4, 4);
        p.lineTo(12, 12);
        p.moveTo(12, 4);
        p.lineTo(4, 12);
        break;
    case Glyph::Warning:
        p.addPolygon(QPolygonF({{8, 2}, {14.5, 13.5}, {1.5, 13.5}}));
        p.closeSubpath();
        p.moveTo(8, 6.5);
        p.lineTo(8, 9.5);
        p.moveTo(8, 11.4);
        p.lineTo(8, 11.6);
        break;
    case Glyph::Info:
        p.addEllipse(QPointF(8, 8), 6, 6);
        p.moveTo(8, 7.5);
        p.lineTo(8, 11);
        p.moveTo(8, 5);
        p.lineTo(8, 5.2);
        break;
    case Glyph::Check:
        p.moveTo(3.5, 8.5);
        p.lineTo(6.5, 11.5);
        p.lineTo(12.5, 4.5);
        break;
    case Glyph::Pin:
        p.moveTo(5, 2.5);
        p.lineTo(11, 2.5);
        p.moveTo(6, 2.5);
        p.lineTo(6, 7);
        p.lineTo(4, 9.5);
        p.lineTo(12, 9.5);
        p.lineTo(10, 7);
        p.lineTo(10, 2.5);
        p.moveTo(8, 9.5);
        p.lineTo(8, 14);
        break;
    case Glyph::Previous:
    case Glyph::Next:
        p.moveTo(10, 3.5);
        p.lineTo(5.5, 8);
        p.lineTo(10, 12.5);
        if (glyph == Glyph::Next)
            p = QTransform(-1, 0, 0, 1, 16, 0).map(p);
        break;
    case Glyph::Compare:
        p.addRect(QRectF(2.5, 3.5, 4, 9));
        p.addRect(QRectF(9.5, 3.5, 4, 9));
        break;
    case Glyph::PanelLeft:
    case Glyph::PanelBottom:
    case Glyph::PanelRight:
        p.addRect(QRectF(2.5, 3.5, 11, 9));
        p.addRect(glyph == Glyph::PanelLeft         ? QRectF(2.5, 3.5, 4, 9)
                      : glyph == Glyph::PanelBottom ? QRectF(2.5, 9, 11, 3.5)
                                                    : QRectF(9.5, 3.5, 4, 9));
        break;
    case Glyph::Menu:
        for (const double y : {4.5, 8.0, 11.5}) {
            p.moveTo(3, y);
            p.lineTo(13, y);
        }
        break;
    }
    return p;
}

class GlyphEngine : public QIconEngine {
public:
    GlyphEngine(Glyph glyph, QColor colour, QColor disabled, QColor selected)
        : m_glyph(glyph), m_colour(colour), m_disabled(disabled), m_selected(selected)
    {
    }
    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State state) override
    {
        bool filled = false;
        const QPainterPath path = pathOf(m_glyph, filled);
        const QColor colour = mode == QIcon::Disabled ? m_disabled : state == QIcon::On ? m_selected : m_colour;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->translate(rect.topLeft());
        painter->scale(rect.width() / 16.0, rect.height() / 16.0);
        if (filled)
            painter->fillPath(path, colour);
        else
            painter->strokePath(path, QPen(colour, 1.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->restore();
    }
    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }
    QIconEngine *clone() const override { return new GlyphEngine(*this); }

private:
    Glyph m_glyph;
    QColor m_colour, m_disabled, m_selected;
};

} // namespace

QIcon icon(Glyph glyph, const QPalette &palette)
{
    return QIcon(new GlyphEngine(glyph, palette.color(QPalette::Active, QPalette::ButtonText),
                                 palette.color(QPalette::Disabled, QPalette::ButtonText),
                                 palette.color(QPalette::HighlightedText)));
}

QIcon icon(Glyph glyph, const QColor &colour)
{
    return QIcon(new GlyphEngine(glyph, colour, colour, colour));
}

} // namespace patchbay
