// Tokens laid out as flowing text: which box each token gets; plain, testable without a window.
#pragma once

#include <QRect>
#include <QStringList>
#include <QVector>

#include <functional>

namespace patchbay::widgets {

struct TokenFlow {
    QVector<QRect> boxes;            ///< one per token, in the order of the tokens
    int height = 0;                  ///< of the whole text
    int tokenAt(QPoint point) const; ///< -1 between the tokens
};

/// Breaks lines before a token that would not fit in `width`, and after a token that holds a line feed.
/// advance: pixel width of a token's text as drawn.
TokenFlow layoutTokens(const QStringList &tokens, int width, int lineHeight,
                       const std::function<int(const QString &)> &advance);

/// A token as it is written in flowing text: its own spaces, "↵" for line feeds, "→" for tabs.
QString flowingToken(const QString &token);

} // namespace patchbay::widgets
