#include "docks/prompt_delegate.h"

#include "docks/prompts_model.h"
#include "theme.h"

#include <QPainter>

#include <cmath>

namespace patchbay {

namespace {
constexpr int kMargin = 6;
}

PromptDelegate::PromptDelegate(const PromptsModel &model, QObject *parent) : QStyledItemDelegate(parent), m_model(model)
{
}

QSize PromptDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    QSize size = QStyledItemDelegate::sizeHint(option, index);
    if (index.column() == PromptsModel::Clean || index.column() == PromptsModel::Flipped)
        size.setWidth(option.fontMetrics.horizontalAdvance(index.data().toString()) + 2 * kMargin + 8);
    if (index.column() == PromptsModel::Effect)
        size.setWidth(90);
    return size;
}

void PromptDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const int column = index.column();
    const bool tokens = column == PromptsModel::Clean || column == PromptsModel::Flipped;
    painter->save();
    painter->setClipRect(option.rect);
    // A tint instead of the style's full colour, on which the colours of the roles could not be read.
    if (option.state & QStyle::State_Selected) {
        QColor fill = option.palette.color(QPalette::Highlight);
        fill.setAlpha(50);
        painter->fillRect(option.rect, option.palette.base());
        painter->fillRect(option.rect, fill);
    }
    if (!tokens && column != PromptsModel::Effect) {
        QStyleOptionViewItem plain = option;
        plain.state &= ~(QStyle::State_Selected | QStyle::State_HasFocus);
        QStyledItemDelegate::paint(painter, plain, index);
        painter->restore();
        return;
    }
    if (tokens)
        paintTokens(painter, option, index.row(), column == PromptsModel::Flipped);
    else
        paintBars(painter, option, index.row());
    painter->restore();
}

void PromptDelegate::paintTokens(QPainter *painter, const QStyleOptionViewItem &option, int row, bool flipped) const
{
    const widgets::Theme theme = widgets::Theme::of(option.palette);
    const QFontMetrics metrics(option.font);
    const bool used = !std::isnan(m_model.logitDiff(row, false));
    const int baseline = option.rect.top() + (option.rect.height() + metrics.ascent() - metrics.descent()) / 2;
    int x = option.rect.left() + kMargin;
    painter->setFont(option.font);
    for (const ShownToken &token : m_model.tokens(row, flipped)) {
        const int width = metrics.horizontalAdvance(token.text);
        // The leading space belongs to the token but not to its mark.
        const QString word = token.text.trimmed();
        const int lead = word.isEmpty() ? 0 : metrics.horizontalAdvance(token.text.left(token.text.indexOf(word)));
        const QRect box(x + lead - 1, baseline - metrics.ascent(), metrics.horizontalAdvance(word) + 2,
                        metrics.height());
        const QColor role = widgets::roleColour(token.role, theme.dark);
        if (token.changed) {
            QColor tint = theme.dark ? QColor(0xe5, 0xbe, 0x5a) : QColor(0xf2, 0xb8, 0x30);
            tint.setAlpha(theme.dark ? 60 : 75);
            painter->setPen(Qt::NoPen);
            painter->setBrush(tint);
            painter->drawRoundedRect(box, 3, 3);
        }
        painter->setPen(!used ? theme.dimText : token.role.isEmpty() ? theme.text : role);
        painter->drawText(x, baseline, token.text);
        if (!token.role.isEmpty())
            painter->fillRect(QRect(box.left() + 1, box.bottom(), box.width() - 2, 2), role);
        x += width;
        if (x > option.rect.right())
            break;
    }
}

void PromptDelegate::paintBars(QPainter *painter, const QStyleOptionViewItem &option, int row) const
{
    const widgets::Theme theme = widgets::Theme::of(option.palette);
    const double scale = m_model.scale();
    if (scale <= 0 || std::isnan(m_model.logitDiff(row, false)))
        return;
    const QRect area = option.rect.adjusted(kMargin, 4, -kMargin, -4);
    const double middle = area.left() + area.width() / 2.0;
    const double height = area.height() / 2.0 - 1;
    for (const bool flipped : {false, true}) {
        const double value = m_model.logitDiff(row, flipped);
        const double length = value / scale * area.width() / 2.0;
        const QRectF bar(std::min(middle, middle + length), area.top() + (flipped ? height + 2 : 0), std::abs(length),
                         height);
        painter->fillRect(bar, value >= 0 ? theme.positive : theme.negative);
    }
    painter->setPen(theme.line);
    painter->drawLine(QPointF(middle, area.top() - 2), QPointF(middle, area.bottom() + 2));
}

} // namespace patchbay
