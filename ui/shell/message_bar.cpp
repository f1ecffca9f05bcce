#include "shell/message_bar.h"

#include "shell/icons.h"
#include "theme.h"

#include <QDesktopServices>
#include <QDir>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QTimer>
#include <QToolButton>
#include <QUrl>

#include <algorithm>

namespace patchbay {

namespace {
constexpr int kNoteMilliseconds = 8000, kLinksMilliseconds = 30000;
QColor tone(bool failure, bool dark)
{
    return failure ? (dark ? QColor(0xf0a04b) : QColor(0xb45309)) : (dark ? QColor(0x5a96f0) : QColor(0x2563c9));
}
} // namespace

MessageBar::MessageBar(QWidget *parent)
    : QFrame(parent), m_icon(new QLabel(this)), m_text(new QLabel(this)), m_close(new QToolButton(this))
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(14, 8, 8, 8);
    row->setSpacing(10);
    row->addWidget(m_icon, 0, Qt::AlignTop);
    row->addWidget(m_text, 1);
    row->addWidget(m_close, 0, Qt::AlignTop);
    m_text->setWordWrap(true);
    m_text->setObjectName(QStringLiteral("message"));
    m_text->setTextFormat(Qt::RichText);
    m_text->setTextInteractionFlags(Qt::TextBrowserInteraction);
    connect(m_text, &QLabel::linkActivated, this, [this](const QString &address) {
        if (!QDesktopServices::openUrl(QUrl(address)))
            showFailure(tr("This could not be opened"),
                        {QUrl(address).toLocalFile(), tr("no program is known for it"), tr("Open it by hand.")});
    });
    m_close->setProperty("flat", true);
    m_close->setAccessibleName(tr("Close the message"));
    m_close->setToolTip(tr("Close (Esc)"));
    connect(m_close, &QToolButton::clicked, this, &QWidget::hide);
    setAccessibleName(tr("Message"));
    parent->installEventFilter(this);
    hide();
}

void MessageBar::showFailure(const QString &what, const Failure &failure)
{
    QString html = QStringLiteral("<b>%1</b><br>%2").arg(what.toHtmlEscaped(), failure.text().toHtmlEscaped());
    if (!failure.nextStep.isEmpty())
        html += QStringLiteral("<br>") + failure.nextStep.toHtmlEscaped();
    present(html, true);
}

void MessageBar::showNote(const QString &text)
{
    present(text.toHtmlEscaped(), false);
    hideAfter(kNoteMilliseconds);
}

void MessageBar::showWritten(const QStringList &files)
{
    const bool together = std::all_of(files.begin(), files.end(), [&](const QString &file) {
        return QFileInfo(file).absolutePath() == QFileInfo(files.front()).absolutePath();
    });
    QStringList links;
    const auto link = [&](const QString &path, const QString &name) {
        const QString address = QString::fromUtf8(QUrl::fromLocalFile(path).toEncoded());
        return QStringLiteral("<a href=\"%1\">%2</a>").arg(address.toHtmlEscaped(), name.toHtmlEscaped());
    };
    for (const QString &file : files)
        links << link(QFileInfo(file).absoluteFilePath(), together ? QFileInfo(file).fileName() : file);
    QString html = tr("Written: %1").arg(links.join(QStringLiteral(", ")));
    if (together && !files.isEmpty()) {
        const QString folder = QFileInfo(files.front()).absolutePath();
        html += QLatin1Char(' ') + tr("in %1").arg(link(folder, QDir::toNativeSeparators(folder)));
    }
    present(html, false);
    hideAfter(kLinksMilliseconds);
}

void MessageBar::hideAfter(int milliseconds)
{
    QTimer::singleShot(milliseconds, this, [this, shown = m_text->text()] {
        if (m_text->text() == shown)
            hide();
    });
}

void MessageBar::present(const QString &html, bool failure)
{
    m_failure = failure;
    m_text->setText(html);
    const QColor colour = tone(failure, widgets::isDark(palette()));
    m_icon->setPixmap(icon(failure ? Glyph::Warning : Glyph::Info, colour).pixmap(18, 18));
    m_close->setIcon(icon(Glyph::Close, palette()));
    setAccessibleDescription(m_text->text());
    place();
    show();
    raise();
    update();
}

// At the foot of what it lies on, so that nothing moves when it comes and goes.
void MessageBar::place()
{
    const QRect room = parentWidget()->rect();
    const int height = std::min(layout()->heightForWidth(room.width()), room.height());
    setGeometry(room.left(), room.bottom() + 1 - height, room.width(), height);
}

bool MessageBar::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == parent() && event->type() == QEvent::Resize)
        place();
    return QFrame::eventFilter(watched, event);
}

QString MessageBar::text() const
{
    return m_text->text();
}

void MessageBar::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange && isVisible())
        present(m_text->text(), m_failure);
    QFrame::changeEvent(event);
}

void MessageBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    QColor colour = tone(m_failure, widgets::isDark(palette()));
    painter.fillRect(rect(), palette().color(QPalette::Base)); // it lies on a view
    colour.setAlpha(28);
    painter.fillRect(rect(), colour);
    colour.setAlpha(255);
    painter.fillRect(QRect(0, 0, 4, height()), colour);
    painter.fillRect(QRect(0, 0, width(), 1), colour);
}

void MessageBar::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        hide();
    else
        QFrame::keyPressEvent(event);
}

} // namespace patchbay
