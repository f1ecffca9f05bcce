// One prompt as a line of tokens: differing tokens highlighted, roles marked; painted anywhere, and as a table cell.
#pragma once

#include "views.h"

#include <QMetaType>
#include <QRect>
#include <QStyledItemDelegate>

namespace patchbay::widgets {

/// What a line of tokens shows.
struct TokenStrip {
    QStringList tokens;
    QVector<bool> differs; ///< [tokens] from the counterpart prompt, or empty
    QStringList roles;     ///< [tokens] "IO", "S1", "S2", "END" or empty strings, or empty
    QString problem;       ///< why this prompt cannot be used; shown after the tokens, empty when it can
    bool excluded = false; ///< left out by the user: drawn dim and struck through
};

/// Marks the tokens in which two prompts differ; a position only one of them has counts as different.
QVector<bool> differingTokens(const QStringList &a, const QStringList &b);

/// Draws the line vertically centred in rect, faded out at the right edge where it is too long.
void drawTokenStrip(QPainter &painter, const QRect &rect, const TokenStrip &strip, const QFont &font, const QPalette &palette, bool selected = false);

/// Size of the whole line.
QSize tokenStripSize(const TokenStrip &strip, const QFont &font);

/// The token's rectangle when the line is drawn in rect; null for no such token.
QRect tokenStripRect(const QRect &rect, const TokenStrip &strip, const QFont &font, int token);

/// Cells whose model gives a TokenStrip under TokenStripRole are drawn as lines of tokens; others as usual.
constexpr int TokenStripRole = Qt::UserRole + 40;

class TokenStripDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace patchbay::widgets

Q_DECLARE_METATYPE(patchbay::widgets::TokenStrip)
