#include "shell/steps.h"

namespace patchbay {

namespace {
constexpr int kLook = 15;            // ms between looks
constexpr qint64 kPatience = 120000; // ms that a step may stand still
} // namespace

Steps::Steps(std::vector<Step> steps, QObject *parent) : QObject(parent), m_steps(std::move(steps))
{
    m_timer.setInterval(kLook);
    connect(&m_timer, &QTimer::timeout, this, &Steps::look);
}

void Steps::start()
{
    m_since.start();
    if (!m_steps.empty() && m_steps.front().act)
        m_steps.front().act();
    m_timer.start();
}

void Steps::look()
{
    if (m_at >= m_steps.size()) {
        m_timer.stop();
        Q_EMIT done();
        return;
    }
    const Step &step = m_steps[m_at];
    if (step.until && !step.until()) {
        if (m_since.elapsed() > kPatience) {
            m_timer.stop();
            Q_EMIT failed(step.name);
        }
        return;
    }
    if (++m_at < m_steps.size()) {
        m_since.start();
        if (m_steps[m_at].act)
            m_steps[m_at].act();
    }
}

} // namespace patchbay
