#include "views/scrubber.h"

#include "docks/dock_parts.h"
#include "shell/icons.h"

#include <QHBoxLayout>
#include <QSlider>
#include <QTimer>

#include "view_text.h"

namespace patchbay {

namespace {
constexpr int kPerStep = 350; // ms, while it plays
} // namespace

Scrubber::Scrubber(Explorer &explorer, QWidget *parent)
    : QWidget(parent), m_explorer(explorer),
      m_play(flatButton({}, tr("Play the series: one step after the other"), this)),
      m_slider(new QSlider(Qt::Horizontal, this)), m_text(caption({}, this)), m_timer(new QTimer(this))
{
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    auto *row = new QHBoxLayout(this);
    row->setContentsMargins(10, 2, 10, 4);
    row->setSpacing(8);
    m_play->setObjectName(QStringLiteral("scrubber-play"));
    m_play->setAccessibleName(tr("Play the series"));
    m_play->setCheckable(true);
    m_slider->setAccessibleName(tr("Step of the series"));
    m_slider->setToolTip(tr("The step on view; the arrow keys move it"));
    m_slider->setPageStep(1);
    m_slider->setTickPosition(QSlider::TicksBelow);
    m_slider->setTickInterval(1);
    m_text->setWordWrap(false);
    m_text->setTextInteractionFlags(Qt::NoTextInteraction);
    m_text->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    row->addWidget(m_play);
    row->addWidget(m_slider, 2);
    row->addWidget(m_text, 3);
    setFocusProxy(m_slider);
    m_timer->setInterval(kPerStep);
    SeriesController &series = m_explorer.series;
    connect(m_slider, &QSlider::valueChanged, &series, &SeriesController::setStep);
    connect(m_play, &QToolButton::toggled, this, &Scrubber::setPlaying);
    connect(m_timer, &QTimer::timeout, this, [this] {
        SeriesController &at = m_explorer.series;
        if (at.step() + 1 < at.steps())
            at.setStep(at.step() + 1);
        else
            m_play->setChecked(false);
    });
    connect(&series, &SeriesController::seriesChanged, this, &Scrubber::refresh);
    connect(&series, &SeriesController::stepChanged, this, &Scrubber::refresh);
    connect(&m_explorer.navigation, &Navigation::runChanged, this, &Scrubber::refresh);
    setPlaying(false);
    refresh();
}

QString Scrubber::text() const
{
    return m_text->text();
}

void Scrubber::setPlaying(bool playing)
{
    refreshIcon();
    if (!playing) {
        m_timer->stop();
        return;
    }
    SeriesController &series = m_explorer.series;
    if (series.step() + 1 >= series.steps()) // from the start again
        series.setStep(0);
    m_timer->start();
}

void Scrubber::refreshIcon()
{
    m_play->setIcon(icon(m_play->isChecked() ? Glyph::Pause : Glyph::Run, palette()));
}

void Scrubber::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        refreshIcon();
    QWidget::changeEvent(event);
}

void Scrubber::refresh()
{
    const SeriesController &series = m_explorer.series;
    const bool shown = series.onView();
    if (!shown)
        m_play->setChecked(false);
    setVisible(shown);
    const QSignalBlocker block(m_slider);
    m_slider->setRange(0, std::max(0, series.steps() - 1));
    m_slider->setValue(series.step());
    QString text = series.stepText(series.step());
    if (const RunResultPtr result = series.result(series.step()); result && !result->baseline.clean.empty()) {
        const MetricInfo &metric = info(result->baseline.metric);
        text += tr("   %1 %2 clean, %3 flipped")
                    .arg(QString::fromUtf8(metric.words), widgets::signedNumber(result->baseline.clean_mean, 2),
                         widgets::signedNumber(result->baseline.flipped_mean, 2));
        if (metric.shares && !result->baseline.shares_make_sense())
            text += tr(": small gap, so raw values in %1").arg(QString::fromUtf8(metric.unit));
    }
    m_text->setText(text);
    m_text->setToolTip(text);
}

} // namespace patchbay
