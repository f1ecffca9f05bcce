#include "attention_text_widget.h"

#include "view_text.h"

#include <QButtonGroup>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace patchbay::widgets {

AttentionTextWidget::AttentionTextWidget(QWidget *parent)
    : QWidget(parent), m_canvas(new TokenCanvas), m_looks(new QToolButton), m_lookedAt(new QToolButton),
      m_readout(new QLabel)
{
    setAccessibleName(tr("Attention as text"));
    m_canvas->setAccessibleName(tr("Prompt, shaded by attention"));
    // Short enough for a narrow dock.
    m_looks->setText(tr("Looks at"));
    m_looks->setToolTip(tr("Shaded: the tokens that the chosen one looks at"));
    m_lookedAt->setText(tr("Seen by"));
    m_lookedAt->setToolTip(tr("Shaded: the tokens that look at the chosen one"));
    auto *group = new QButtonGroup(this);
    auto *bar = new QHBoxLayout;
    bar->setContentsMargins(8, 6, 8, 0);
    for (QToolButton *button : {m_looks, m_lookedAt}) {
        button->setCheckable(true);
        button->setAutoRaise(true);
        button->setFocusPolicy(Qt::TabFocus);
        group->addButton(button);
        bar->addWidget(button);
    }
    bar->addStretch();
    m_looks->setChecked(true);
    m_readout->setContentsMargins(12, 0, 12, 6);
    m_readout->setTextFormat(Qt::PlainText);
    m_readout->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed); // a long read-out must not widen the window
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);

    auto *column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(bar);
    column->addWidget(m_canvas, 1);
    column->addWidget(m_readout);

    connect(m_looks, &QToolButton::toggled, this, [this](bool on) {
        m_canvas->setShowsSources(on);
        Q_EMIT modeChanged(mode());
    });
    connect(m_canvas, &TokenCanvas::hovered, this, &AttentionTextWidget::hovered);
    connect(m_canvas, &TokenCanvas::lockedChanged, this, &AttentionTextWidget::lockedChanged);
    connect(m_canvas, &TokenCanvas::focusTokenChanged, this, &AttentionTextWidget::updateReadout);
    setFocusProxy(m_canvas);
    updateReadout();
}

void AttentionTextWidget::setView(const AttentionView &view)
{
    m_canvas->setView(view);
    setAccessibleName(view.title.isEmpty() ? tr("Attention as text") : tr("Attention as text: %1").arg(view.title));
}

void AttentionTextWidget::setEmptyText(const QString &text)
{
    m_canvas->setEmptyText(text);
}

void AttentionTextWidget::setMode(Mode mode)
{
    (mode == Mode::WhereItLooks ? m_looks : m_lookedAt)->setChecked(true);
}

AttentionTextWidget::Mode AttentionTextWidget::mode() const
{
    return m_canvas->showsSources() ? Mode::WhereItLooks : Mode::WhoLooksAtIt;
}

void AttentionTextWidget::setLocked(int token)
{
    m_canvas->setLocked(token);
}

int AttentionTextWidget::locked() const
{
    return m_canvas->locked();
}

QString AttentionTextWidget::readout() const
{
    return m_readout->text();
}

void AttentionTextWidget::updateReadout()
{
    const AttentionView &view = m_canvas->view();
    const int focus = m_canvas->focusToken();
    m_looks->setEnabled(view.size > 0);
    m_lookedAt->setEnabled(view.size > 0);
    if (view.size <= 0 || focus < 0) {
        m_readout->setText(view.size > 0 ? tr("Point at a token; a click locks it") : QString());
        return;
    }
    const auto named = [&](int token) {
        const QString role = view.roles.value(token);
        return visibleToken(view.tokens.value(token))
            + (role.isEmpty() ? QStringLiteral(" (%1)").arg(token) : QStringLiteral(" (%1, %2)").arg(token).arg(role));
    };
    QVector<int> order(view.size);
    std::iota(order.begin(), order.end(), 0);
    const auto count = std::min<qsizetype>(3, order.size());
    std::partial_sort(order.begin(), order.begin() + count, order.end(),
                      [&](int a, int b) { return std::abs(m_canvas->weightOf(a)) > std::abs(m_canvas->weightOf(b)); });
    const bool looks = mode() == Mode::WhereItLooks;
    QString text = named(focus) + (looks ? tr(" looks at ") : tr(" is seen by "));
    int shown = 0;
    for (int i = 0; i < count; ++i) {
        const double weight = m_canvas->weightOf(order[i]);
        const QString part =
            named(order[i]) + ' ' + (view.difference ? signedNumber(weight, 2) : QString::number(weight, 'f', 2));
        const QString longer = text + (shown ? QStringLiteral(", ") : QString()) + part;
        // As many as one line holds, but at least the strongest.
        if (std::abs(weight) < 0.005
            || (shown && m_readout->fontMetrics().horizontalAdvance(longer) > m_readout->contentsRect().width()))
            break;
        text = longer;
        ++shown;
    }
    m_readout->setText(shown ? text : text + (looks ? tr("nothing") : tr("no one")));
    setAccessibleDescription(m_readout->text());
}

void AttentionTextWidget::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    updateReadout();
}

void AttentionTextWidget::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        update();
}

} // namespace patchbay::widgets
