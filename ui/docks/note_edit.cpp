#include "docks/note_edit.h"

#include <QMouseEvent>
#include <QRegularExpression>
#include <QSyntaxHighlighter>

#include <algorithm>

namespace patchbay {

class NoteEdit::Highlighter : public QSyntaxHighlighter {
public:
    explicit Highlighter(QPlainTextEdit *edit) : QSyntaxHighlighter(edit->document()), m_edit(edit) { setNames({}); }
    void setNames(QStringList names)
    {
        // Of two names that begin alike the longer one is meant.
        std::sort(names.begin(), names.end(), [](const QString &a, const QString &b) {
            return a.size() > b.size() || (a.size() == b.size() && a < b);
        });
        QStringList parts{QStringLiteral("\\bL\\d+H\\d+\\b")};
        for (const QString &name : names)
            parts << QRegularExpression::escape(name);
        const QString pattern = parts.join(QLatin1Char('|'));
        if (pattern == m_links.pattern())
            return;
        m_links.setPattern(pattern);
        rehighlight();
    }
    QString at(const QTextBlock &block, int place) const
    {
        for (auto it = m_links.globalMatch(block.text()); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            if (match.capturedStart() <= place && place < match.capturedEnd())
                return match.captured();
        }
        return {};
    }

protected:
    void highlightBlock(const QString &text) override
    {
        QTextCharFormat format;
        format.setForeground(m_edit->palette().link());
        for (auto it = m_links.globalMatch(text); it.hasNext();) {
            const QRegularExpressionMatch match = it.next();
            setFormat(int(match.capturedStart()), int(match.capturedLength()), format);
        }
    }

private:
    QPlainTextEdit *m_edit;
    QRegularExpression m_links;
};

NoteEdit::NoteEdit(QWidget *parent) : QPlainTextEdit(parent), m_links(new Highlighter(this))
{
    setMouseTracking(true);
    viewport()->setMouseTracking(true);
    setTabChangesFocus(true);
}

void NoteEdit::setNames(const QStringList &names)
{
    m_links->setNames(names);
}

QString NoteEdit::linkAt(int position) const
{
    const QTextBlock block = document()->findBlock(position);
    return block.isValid() ? m_links->at(block, position - block.position()) : QString();
}

void NoteEdit::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton && event->modifiers() & Qt::ControlModifier) {
        if (const QString link = linkAt(cursorForPosition(event->pos()).position()); !link.isEmpty()) {
            Q_EMIT linkFollowed(link);
            return;
        }
    }
    QPlainTextEdit::mouseReleaseEvent(event);
}

void NoteEdit::mouseMoveEvent(QMouseEvent *event)
{
    const bool link = !linkAt(cursorForPosition(event->pos()).position()).isEmpty();
    viewport()->setToolTip(link ? tr("Ctrl + click goes there") : QString());
    viewport()->setCursor(link && event->modifiers() & Qt::ControlModifier ? Qt::PointingHandCursor : Qt::IBeamCursor);
    QPlainTextEdit::mouseMoveEvent(event);
}

} // namespace patchbay
