#include "token_strip.h"

#include "colour_map.h"
#include "theme.h"
#include "token_flow.h"

#include <QApplication>
#include <QFontMetrics>
#include <QPainter>
#include <QStyle>

#include <algorithm>

namespace patchbay::widgets {
namespace {

constexpr int stripMargin = 6, tokenPadding = 1;

/// Left edge and width of every token's text, and of the pill after it.
struct StripPlace {
    QVector<int> left, width, pill;
    int end = 0;
};

StripPlace placesOf(const TokenStrip &strip, const QFont &font)
{
    const QFontMetrics metrics(font);
    const QFont small = scaledFont(font, 0.72);
    StripPlace place;
    int x = 0;
    for (int i = 0; i < strip.tokens.size(); ++i) {
        const int width = metrics.horizontalAdvance(flowingToken(strip.tokens[i])) + 2 * tokenPadding;
        const QString role = strip.roles.value(i);
        const int pill = role.isEmpty() ? 0 : drawRolePill(nullptr, {}, role, small, false) + 3;
        place.left.append(x);
        place.width.append(width);
        place.pill.append(pill);
        x += width + pill;
    }
    place.end = x;
    return place;
}

} // namespace

QVector<bool> differingTokens(const QStringList &a, const QStringList &b)
{
    QVector<bool> differs(a.size());
    for (int i = 0; i < a.size(); ++i)
        differs[i] = i >= b.size() || a[i] != b[i];
    return differs;
}

QSize tokenStripSize(const TokenStrip &strip, const QFont &font)
{
    const QFontMetrics metrics(font);
    const int problem = strip.problem.isEmpty() ? 0 : metrics.horizontalAdvance(strip.problem) + 28;
    return {placesOf(strip, font).end + problem + 2 * stripMargin, metrics.height() + 8};
}

QRect tokenStripRect(const QRect &rect, const TokenStrip &strip, const QFont &font, int token)
{
    const StripPlace place = placesOf(strip, font);
    if (token < 0 || token >= place.left.size())
        return {};
    const int height = QFontMetrics(font).height() + 2;
    return QRect(rect.left() + stripMargin + place.left[token], rect.center().y() - height / 2, place.width[token], height);
}

void drawTokenStrip(QPainter &painter, const QRect &rect, const TokenStrip &strip, const QFont &font, const QPalette &palette, bool selected)
{
    const Theme theme = Theme::of(palette);
    const StripPlace place = placesOf(strip, font);
    const QFont small = scaledFont(font, 0.72);
    const QColor plain = palette.color(selected ? QPalette::HighlightedText : QPalette::Text);
    const QColor ground = palette.color(selected ? QPalette::Highlight : QPalette::Base);
    // Amber marks "differs": a hue that neither roles of the same line nor the selection use for grounds.
    const QColor mark = mixed(ground, QColor(0xf5, 0xa6, 0x23), theme.dark ? 0.45 : 0.38);
    painter.save();
    painter.setClipRect(rect);
    QFont used = font;
    used.setStrikeOut(strip.excluded);
    const int height = QFontMetrics(font).height() + 2;
    const int right = rect.right() - stripMargin - (strip.problem.isEmpty() ? 0 : QFontMetrics(font).horizontalAdvance(strip.problem) + 28);
    for (int i = 0; i < strip.tokens.size(); ++i) {
        const QRect box(rect.left() + stripMargin + place.left[i], rect.center().y() - height / 2, place.width[i], height);
        const bool last = i + 1 == strip.tokens.size();
        // Whole tokens only; an ellipsis says that there is more.
        if (box.right() + place.pill[i] + (last ? 0 : 14) > right) {
            painter.setFont(font);
            painter.setPen(plain);
            painter.drawText(QRect(box.left() + 2, box.top(), 20, height), Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("…"));
            break;
        }
        const bool differs = i < strip.differs.size() && strip.differs[i];
        if (differs) {
            // The space before a word is part of its token, but a ground under it looks like a mistake.
            const QString text = flowingToken(strip.tokens[i]);
            const int lead = text.startsWith(' ') ? QFontMetrics(font).horizontalAdvance(' ') - 1 : 0;
            painter.setRenderHint(QPainter::Antialiasing);
            painter.setPen(Qt::NoPen);
            painter.setBrush(mark);
            painter.drawRoundedRect(box.adjusted(lead, 0, 1, 0), 3, 3);
            painter.setRenderHint(QPainter::Antialiasing, false);
        }
        painter.setFont(used);
        painter.setPen(strip.excluded ? mixed(plain, ground, 0.5) : differs ? textOn(mark) : plain);
        painter.drawText(box.adjusted(tokenPadding, 0, 4, 0), Qt::AlignLeft | Qt::AlignVCenter | Qt::TextDontClip, flowingToken(strip.tokens[i]));
        if (place.pill[i] > 0)
            drawRolePill(&painter, QRect(box.right() + 3, box.top(), place.pill[i], height), strip.roles[i], small, theme.dark);
    }
    if (!strip.problem.isEmpty()) {
        const int from = std::min(right, rect.left() + stripMargin + place.end) + 12;
        painter.setFont(font);
        painter.setPen(selected ? plain : theme.negative);
        painter.drawText(QRect(from, rect.top(), rect.right() - stripMargin - from, rect.height()), Qt::AlignLeft | Qt::AlignVCenter,
                         QStringLiteral("⚠ ") + strip.problem);
    }
    painter.restore();
}

void TokenStripDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const QVariant value = index.data(TokenStripRole);
    if (!value.canConvert<TokenStrip>()) {
        QStyledItemDelegate::paint(painter, option, index);
        return;
    }
    QStyleOptionViewItem cell(option);
    initStyleOption(&cell, index);
    cell.text.clear();
    const QStyle *style = option.widget ? option.widget->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &cell, painter, option.widget);
    drawTokenStrip(*painter, option.rect, value.value<TokenStrip>(), cell.font, option.palette, option.state & QStyle::State_Selected);
}

QSize TokenStripDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const QVariant value = index.data(TokenStripRole);
    return value.canConvert<TokenStrip>() ? tokenStripSize(value.value<TokenStrip>(), option.font) : QStyledItemDelegate::sizeHint(option, index);
}

} // namespace patchbay::widgets
