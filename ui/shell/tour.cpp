#include "shell/tour.h"

#include "docks/dock_parts.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace patchbay {

namespace {
constexpr int kWidth = 320, kGap = 10; // px
}

Tour::Tour(std::vector<TourStop> stops, QWidget *window)
    : QFrame(window), m_stops(std::move(stops)), m_window(window), m_title(heading({}, this)), m_text(new QLabel(this)),
      m_count(caption({}, this)), m_next(new QPushButton(this)), m_leave(new QPushButton(tr("Leave the tour"), this))
{
    setObjectName(QStringLiteral("tour"));
    setAccessibleName(tr("Tour of the window"));
    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 12);
    column->setSpacing(8);
    m_title->setWordWrap(true);
    m_text->setWordWrap(true);
    m_next->setProperty("primary", true);
    column->addWidget(m_title);
    column->addWidget(m_text);
    auto *row = new QHBoxLayout;
    m_count->setWordWrap(false);
    row->addWidget(m_count, 1);
    row->addWidget(m_leave);
    row->addWidget(m_next);
    column->addLayout(row);
    setFixedWidth(kWidth);
    connect(m_leave, &QPushButton::clicked, this, [this] {
        hide();
        deleteLater();
    });
    connect(m_next, &QPushButton::clicked, this, [this] {
        if (m_stops[size_t(m_at)].act)
            m_stops[size_t(m_at)].act();
        if (m_at + 1 < this->stops())
            show(m_at + 1);
        else
            m_leave->click();
    });
    window->installEventFilter(this);
    hide();
}

void Tour::start()
{
    show(0);
}

QString Tour::text() const
{
    return m_title->text() + QLatin1Char('\n') + m_text->text();
}

void Tour::show(int stop)
{
    m_at = stop;
    const TourStop &now = m_stops[size_t(stop)];
    m_title->setText(now.title);
    m_text->setText(now.text);
    m_count->setText(tr("%1 of %2").arg(stop + 1).arg(stops()));
    m_next->setText(stop + 1 < stops() ? tr("Next") : tr("Done"));
    m_where = now.where ? now.where() : nullptr;
    place();
    QFrame::show();
    raise();
    m_next->setFocus();
}

// Beside what it is about, on the side where there is room; never outside the window.
void Tour::place()
{
    const int height = layout()->heightForWidth(kWidth);
    const QRect room = m_window->rect().adjusted(kGap, kGap, -kGap, -kGap);
    QPoint at = room.center() - QPoint(kWidth / 2, height / 2);
    if (m_where && m_where->isVisible()) {
        const QRect there(m_where->mapTo(m_window, QPoint(0, 0)), m_where->size());
        if (there.right() + kGap + kWidth <= room.right())
            at = {there.right() + kGap, there.top()};
        else if (there.left() - kGap - kWidth >= room.left())
            at = {there.left() - kGap - kWidth, there.top()};
        else if (there.bottom() + kGap + height <= room.bottom())
            at = {there.center().x() - kWidth / 2, there.bottom() + kGap};
        else
            at = {there.right() - kWidth - kGap, there.bottom() - height - kGap};
    }
    at.setX(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - kWidth)));
    at.setY(std::clamp(at.y(), room.top(), std::max(room.top(), room.bottom() - height)));
    setGeometry(at.x(), at.y(), kWidth, height);
}

bool Tour::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_window && event->type() == QEvent::Resize && isVisible())
        place();
    return QFrame::eventFilter(watched, event);
}

void Tour::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        m_leave->click();
    else
        QFrame::keyPressEvent(event);
}

void Tour::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(palette().color(QPalette::Highlight), 1.5));
    painter.setBrush(palette().color(QPalette::Base));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 8, 8);
}

} // namespace patchbay
