// Pieces that docks are built from: headings, captions, rows that look the same everywhere.
#pragma once

#include <QLabel>
#include <QScrollArea>
#include <QToolButton>
#include <QVBoxLayout>

namespace patchbay {

/// The column that fills a pane of the centre or the sides, which paints the base colour below it.
QVBoxLayout *paneColumn(QWidget *pane);
/// A list of words as far from the pane's edge as its controls.
QLayout *inset(QWidget *list);
/// A small bold heading of a section.
QLabel *heading(const QString &text, QWidget *parent);
/// Wrapping secondary text.
QLabel *caption(const QString &text, QWidget *parent);
/// What is wrong with what a dialog was given; hidden until there is something.
QLabel *problemLabel(QWidget *parent);
/// Behind tokens in which a prompt and its counterpart differ.
QColor changedColour(const QPalette &palette);
/// A button without a frame until the pointer is over it.
QToolButton *flatButton(const QString &text, const QString &tip, QWidget *parent);

/// A checkable button of a view's options.
QToolButton *toggleButton(const QString &text, const QString &tip, QWidget *parent);

/// A column that scrolls up and down and is never narrower than what is in it.
class ScrollColumn : public QScrollArea {
public:
    explicit ScrollColumn(QWidget *parent = nullptr);

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;
    QSize minimumSizeHint() const override;
    QSize sizeHint() const override;
};

} // namespace patchbay
