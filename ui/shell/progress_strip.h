// The status bar's right side: what is computing, how far it is, how long it still takes, and a way to stop it.
#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QToolButton;

namespace patchbay {

struct RunEntry;

class ProgressStrip : public QWidget {
    Q_OBJECT
public:
    explicit ProgressStrip(QWidget *parent = nullptr);

    void showRun(const RunEntry &entry, int waiting);
    /// Of a whole that is not a run: loading, a recipe.
    void showShare(double share, const QString &what);
    /// Hides the bar; text stays as the last word ("48 cells in 0.8 s").
    void showIdle(const QString &text);
    QString text() const;

Q_SIGNALS:
    void cancelRequested();

private:
    QLabel *m_text;
    QProgressBar *m_bar;
    QToolButton *m_cancel;
};

} // namespace patchbay
