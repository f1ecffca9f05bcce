// A text in which heads (L9H6) and names of runs are links, followed by Ctrl + click.
#pragma once

#include <QPlainTextEdit>

#include <functional>

namespace patchbay {

class NoteEdit : public QPlainTextEdit {
    Q_OBJECT
public:
    explicit NoteEdit(QWidget *parent = nullptr);
    /// Names of runs that are links, beside the heads that every text may name.
    void setNames(const QStringList &names);
    /// What is linked at a position of the text; empty: nothing.
    QString linkAt(int position) const;

Q_SIGNALS:
    void linkFollowed(const QString &link);

protected:
    void mouseReleaseEvent(QMouseEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;

private:
    class Highlighter;
    Highlighter *m_links;
};

} // namespace patchbay
