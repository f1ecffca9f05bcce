#include "docks/dock_parts.h"

#include "theme.h"

#include <QEvent>

namespace patchbay {

QVBoxLayout *paneColumn(QWidget *pane)
{
    pane->setAutoFillBackground(true);
    pane->setBackgroundRole(QPalette::Base);
    auto *column = new QVBoxLayout(pane);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    return column;
}

QLayout *inset(QWidget *list)
{
    auto *row = new QVBoxLayout;
    row->setContentsMargins(8, 0, 0, 0);
    row->addWidget(list);
    return row;
}

QLabel *heading(const QString &text, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    QFont font = label->font();
    font.setBold(true);
    label->setFont(font);
    return label;
}

QLabel *caption(const QString &text, QWidget *parent)
{
    auto *label = new QLabel(text, parent);
    label->setWordWrap(true);
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

QLabel *problemLabel(QWidget *parent)
{
    auto *label = new QLabel(parent);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    QPalette red = label->palette();
    red.setColor(QPalette::WindowText, widgets::Theme::of(parent->palette()).negative);
    label->setPalette(red);
    label->hide();
    return label;
}

QColor changedColour(const QPalette &palette)
{
    return widgets::isDark(palette) ? QColor(0x5c, 0x50, 0x30) : QColor(0xfb, 0xe7, 0xb4);
}

QToolButton *flatButton(const QString &text, const QString &tip, QWidget *parent)
{
    auto *button = new QToolButton(parent);
    button->setText(text);
    button->setToolTip(tip);
    button->setAccessibleName(tip.isEmpty() ? text : tip);
    button->setProperty("flat", true);
    return button;
}

QToolButton *toggleButton(const QString &text, const QString &tip, QWidget *parent)
{
    auto *button = new QToolButton(parent);
    button->setText(text);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setCheckable(true);
    return button;
}

ScrollColumn::ScrollColumn(QWidget *parent) : QScrollArea(parent)
{
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
}

// QScrollArea watches its content; when that asks for another width, so does this.
bool ScrollColumn::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == widget() && event->type() == QEvent::LayoutRequest)
        updateGeometry();
    return QScrollArea::eventFilter(watched, event);
}

QSize ScrollColumn::minimumSizeHint() const
{
    return {widget() ? widget()->minimumSizeHint().width() : 0, 80};
}

QSize ScrollColumn::sizeHint() const
{
    return {minimumSizeHint().width(), 320};
}

} // namespace patchbay
