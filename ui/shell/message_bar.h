// Errors and notes above the views: what happened, why, and what to do next; never in the way.
#pragma once

#include "backend/failure.h"

#include <QFrame>
#include <QStringList>

class QLabel;
class QToolButton;
class QPushButton;

namespace patchbay {

class MessageBar : public QFrame {
    Q_OBJECT
public:
    explicit MessageBar(QWidget *parent = nullptr);

    void showFailure(const QString &what, const Failure &failure);
    /// A note that goes away by itself after some seconds.
    void showNote(const QString &text);
    /// A note that names files as links, which open them; it stays a little longer.
    void showWritten(const QStringList &files);
    QString text() const;

private:
    void place();
    void present(const QString &html, bool failure);
    void hideAfter(int milliseconds);

    QLabel *m_icon, *m_text;
    QToolButton *m_close;
    bool m_failure = false;

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    void changeEvent(QEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
};

} // namespace patchbay
