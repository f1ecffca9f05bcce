#include "token_flow.h"

namespace patchbay::widgets {

int TokenFlow::tokenAt(QPoint point) const
{
    for (int i = 0; i < boxes.size(); ++i) {
        if (boxes[i].contains(point))
            return i;
    }
    return -1;
}

TokenFlow layoutTokens(const QStringList &tokens, int width, int lineHeight,
                       const std::function<int(const QString &)> &advance)
{
    TokenFlow flow;
    flow.boxes.reserve(tokens.size());
    int x = 0, y = 0;
    for (const QString &token : tokens) {
        const int size = advance(flowingToken(token));
        if (x > 0 && x + size > width) {
            x = 0;
            y += lineHeight;
        }
        flow.boxes.append(QRect(x, y, size, lineHeight));
        x += size;
        if (token.contains('\n')) {
            x = 0;
            y += lineHeight;
        }
    }
    flow.height = tokens.isEmpty() ? 0 : flow.boxes.last().bottom() + 1;
    return flow;
}

QString flowingToken(const QString &token)
{
    QString text = token;
    text.replace('\n', QChar(0x21b5)).replace('\t', QChar(0x2192)).remove('\r');
    return text;
}

} // namespace patchbay::widgets
