#include "theme.h"

#include "colour_map.h"

#include <QFontMetrics>
#include <QPainter>

#include <array>

namespace patchbay::widgets {

bool isDark(const QPalette &palette)
{
    return palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
}

QColor selectionColour(const QPalette &palette)
{
    return isDark(palette) ? QColor(0x35, 0xe0, 0x7c) : QColor(0x00, 0x9e, 0x4f);
}

Theme Theme::of(const QPalette &palette)
{
    Theme theme;
    theme.dark = isDark(palette);
    theme.background = palette.color(QPalette::Base);
    theme.text = palette.color(QPalette::Text);
    theme.plot = theme.background;
    theme.dimText = mixed(theme.text, theme.background, 0.38);
    theme.line = mixed(theme.text, theme.background, 0.6);
    theme.faintLine = mixed(theme.text, theme.background, theme.dark ? 0.78 : 0.84);
    theme.hover = theme.text;
    theme.selection = selectionColour(palette);
    theme.casing = theme.dark ? QColor(Qt::black) : QColor(Qt::white);
    theme.positive = theme.dark ? QColor(0x6a, 0xaf, 0xe6) : QColor(0x21, 0x66, 0xac);
    theme.negative = theme.dark ? QColor(0xef, 0x7f, 0x6a) : QColor(0xb2, 0x18, 0x2b);
    theme.neutral = mixed(theme.text, theme.background, 0.5);
    return theme;
}

QColor roleColour(const QString &role, bool dark)
{
    if (role == QLatin1String("IO"))
        return dark ? QColor(0x4f, 0xa3, 0xe3) : QColor(0x1f, 0x6f, 0xb5);
    if (role.startsWith(QLatin1String("S1")))
        return dark ? QColor(0xe8, 0x9a, 0x3c) : QColor(0xb8, 0x62, 0x00);
    if (role.startsWith(QLatin1String("S2")) || role == QLatin1String("S"))
        return dark ? QColor(0xc5, 0x8a, 0xe8) : QColor(0x8a, 0x3f, 0xb0);
    return dark ? QColor(0x9a, 0xa3, 0xad) : QColor(0x5a, 0x62, 0x6b);
}

QColor seriesColour(int index, bool dark)
{
    static constexpr std::array<QRgb, 8> onLight{0xff2166ac, 0xffd6604d, 0xff8073ac, 0xffb8860b,
                                                 0xff5a626b, 0xff17becf, 0xffc2549d, 0xff7f3b08};
    static constexpr std::array<QRgb, 8> onDark{0xff6aafe6, 0xffef8f7a, 0xffb6a8e0, 0xffe5be5a,
                                                0xffb0b8c0, 0xff5fd9e6, 0xffe68cc8, 0xffd9955a};
    const auto place = size_t(index < 0 ? 0 : index) % onLight.size();
    return QColor::fromRgb(dark ? onDark[place] : onLight[place]);
}

QFont scaledFont(const QFont &font, double factor)
{
    QFont scaled = font;
    if (font.pointSizeF() > 0)
        scaled.setPointSizeF(std::max(7.0, font.pointSizeF() * factor));
    else
        scaled.setPixelSize(std::max(9, int(font.pixelSize() * factor)));
    return scaled;
}

int drawRolePill(QPainter *painter, const QRect &lane, const QString &role, const QFont &font, bool dark)
{
    if (role.isEmpty())
        return 0;
    QFont bold = font;
    bold.setBold(true);
    const QFontMetrics metrics(bold);
    const int width = metrics.horizontalAdvance(role) + 8;
    if (!painter)
        return width;
    const int height = std::min(lane.height(), metrics.height());
    const QRect pill(lane.x(), lane.y() + (lane.height() - height) / 2, width, height);
    const QColor colour = roleColour(role, dark);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(colour);
    painter->drawRoundedRect(pill, 3, 3);
    painter->setFont(bold);
    painter->setPen(textOn(colour));
    painter->drawText(pill, Qt::AlignCenter | Qt::TextDontClip, role);
    painter->restore();
    return width;
}

void drawEmptyState(QPainter &painter, const QRect &rect, const QString &text, const Theme &theme)
{
    painter.save();
    painter.fillRect(rect, theme.background);
    painter.setPen(theme.dimText);
    painter.drawText(rect.adjusted(16, 16, -16, -16), Qt::AlignCenter | Qt::TextWordWrap, text);
    painter.restore();
}

void drawFocusFrame(QPainter &painter, const QRect &rect, const Theme &theme)
{
    painter.save();
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(mixed(theme.selection, theme.background, 0.25), 1));
    painter.drawRect(rect.adjusted(0, 0, -1, -1));
    painter.restore();
}

} // namespace patchbay::widgets
