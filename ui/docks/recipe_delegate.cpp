#include "docks/recipe_delegate.h"

#include "docks/recipe_model.h"
#include "shell/icons.h"
#include "theme.h"

#include <QPainter>

namespace patchbay {

namespace {

constexpr int kIcon = 16, kPadding = 7, kGap = 9;

void paintState(QPainter *painter, const QRect &box, StepState state, const QPalette &palette,
                const widgets::Theme &theme)
{
    const QColor accent = palette.color(QPalette::Highlight);
    const QRectF circle = QRectF(box).adjusted(1.5, 1.5, -1.5, -1.5);
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setBrush(Qt::NoBrush);
    switch (state) {
    case StepState::Pending:
        painter->setPen(QPen(theme.dimText, 1.2));
        painter->drawEllipse(circle);
        break;
    case StepState::Running:
        painter->setPen(QPen(accent, 1.6));
        painter->drawEllipse(circle);
        icon(Glyph::Run, accent).paint(painter, box.adjusted(4, 4, -4, -4));
        break;
    case StepState::Done:
        painter->setPen(Qt::NoPen);
        painter->setBrush(accent);
        painter->drawEllipse(circle);
        icon(Glyph::Check, palette.color(QPalette::HighlightedText)).paint(painter, box.adjusted(3, 3, -3, -3));
        break;
    case StepState::Nothing: // an empty result, not an error
        painter->setPen(QPen(theme.dimText, 1.2));
        painter->drawEllipse(circle);
        painter->drawLine(QPointF(circle.left() + 3.5, circle.center().y()),
                          QPointF(circle.right() - 3.5, circle.center().y()));
        break;
    case StepState::Skipped:
        icon(Glyph::Next, theme.dimText).paint(painter, box.translated(-3, 0));
        icon(Glyph::Next, theme.dimText).paint(painter, box.translated(2, 0));
        break;
    case StepState::Failed:
        icon(Glyph::Warning, theme.negative).paint(painter, box);
        break;
    }
}

} // namespace

QSize RecipeDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &) const
{
    const QFontMetrics small(widgets::scaledFont(option.font, 0.88));
    return {160, option.fontMetrics.height() + small.height() + 2 * kPadding};
}

void RecipeDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const widgets::Theme theme = widgets::Theme::of(option.palette);
    const StepState state = StepState(index.data(RecipeModel::StateRole).toInt());
    const bool dim = state == StepState::Skipped;
    painter->save();
    if (option.state & QStyle::State_Selected) {
        QColor fill = option.palette.color(QPalette::Highlight);
        fill.setAlpha(theme.dark ? 60 : 34);
        painter->fillRect(option.rect, fill);
        painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()),
                          option.palette.color(QPalette::Highlight));
    } else if (option.state & QStyle::State_MouseOver) {
        painter->fillRect(option.rect, option.palette.color(QPalette::AlternateBase));
    }
    const QRect text = option.rect.adjusted(kPadding + kIcon + kGap + 3, kPadding, -kPadding, -kPadding);
    const QRect mark(option.rect.left() + kPadding + 3, text.top() + (option.fontMetrics.height() - kIcon) / 2, kIcon,
                     kIcon);
    paintState(painter, mark, state, option.palette, theme);
    painter->setFont(option.font);
    painter->setPen(dim ? theme.dimText : theme.text);
    painter->drawText(text, Qt::AlignTop | Qt::AlignLeft,
                      option.fontMetrics.elidedText(index.data().toString(), Qt::ElideRight, text.width()));
    const QFont small = widgets::scaledFont(option.font, 0.88);
    painter->setFont(small);
    painter->setPen(state == StepState::Failed ? theme.negative : theme.dimText);
    painter->drawText(
        text, Qt::AlignBottom | Qt::AlignLeft,
        QFontMetrics(small).elidedText(index.data(RecipeModel::DetailRole).toString(), Qt::ElideRight, text.width()));
    painter->restore();
}

} // namespace patchbay
