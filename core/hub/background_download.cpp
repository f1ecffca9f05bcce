#include "hub/background_download.h"

#include "base/error.h"
#include "base/signals.h"

namespace patchbay {

BackgroundDownload::BackgroundDownload(const HubName &name)
    : m_end(std::async(std::launch::async, [this, name] {
          hold_off_signals();
          fetch(name);
      }))
{
}

BackgroundDownload::~BackgroundDownload()
{
    m_cancel.cancel(); // and m_end waits for the thread
}

void BackgroundDownload::fetch(const HubName &name)
{
    DownloadPlan plan = plan_download(name, m_cancel);
    if (!plan.problem.empty())
        throw Error(name.text(), "was not fetched, because it could not be opened here: " + plan.problem);
    Download download(std::move(plan));
    bool more = true;
    while (more) {
        more = download.step(m_cancel);
        const DownloadProgress at = download.progress();
        const std::lock_guard lock(m_mutex);
        m_progress = at;
    }
}

bool BackgroundDownload::over()
{
    return m_end.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready;
}

DownloadProgress BackgroundDownload::progress() const
{
    const std::lock_guard lock(m_mutex);
    return m_progress;
}

void BackgroundDownload::finish()
{
    m_end.get();
}

} // namespace patchbay
