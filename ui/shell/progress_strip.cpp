#include "shell/progress_strip.h"

#include "amounts_text.h"
#include "controllers/runs_store.h"
#include "shell/icons.h"
#include "view_text.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>

namespace patchbay {

ProgressStrip::ProgressStrip(QWidget *parent)
    : QWidget(parent), m_text(new QLabel(this)), m_bar(new QProgressBar(this)), m_cancel(new QToolButton(this))
{
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(8, 2, 12, 2);
    row->setSpacing(10);
    row->addStretch(); // texts end at the same place with and without the bar
    row->addWidget(m_text);
    row->addWidget(m_bar);
    row->addWidget(m_cancel);
    setFixedHeight(fontMetrics().height() + 18); // the same with and without the bar
    m_bar->setFixedWidth(180);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress"));
    m_cancel->setText(tr("Cancel"));
    m_cancel->setToolTip(tr("Stop; what is finished stays and can be continued (Esc)"));
    connect(m_cancel, &QToolButton::clicked, this, &ProgressStrip::cancelRequested);
    showIdle({});
}

void ProgressStrip::showRun(const RunEntry &entry, int waiting)
{
    QString text;
    if (entry.total > 0) {
        text =
            tr("%1 of %2").arg(entry.done).arg(countedText(entry.total, entry.spec.is<Analysis>() ? "step" : "cell"));
        if (const QString left = timeLeftText(entry.secondsLeft()); !left.isEmpty())
            text += QStringLiteral(" · ") + left;
    } else {
        text = entry.state == RunState::Queued ? tr("Waiting") : tr("Starting");
    }
    if (waiting > 0)
        text += tr(" · %1 more waiting").arg(waiting);
    m_text->setText(text);
    m_bar->setRange(0, entry.total);
    m_bar->setValue(entry.done);
    m_bar->show();
    m_cancel->show();
}

void ProgressStrip::showShare(double share, const QString &what)
{
    m_text->setText(what);
    m_bar->setRange(0, 1000);
    m_bar->setValue(int(share * 1000));
    m_bar->show();
    m_cancel->show();
}

void ProgressStrip::showIdle(const QString &text)
{
    m_text->setText(text);
    m_bar->hide();
    m_cancel->hide();
}

QString ProgressStrip::text() const
{
    return m_text->text();
}

} // namespace patchbay
