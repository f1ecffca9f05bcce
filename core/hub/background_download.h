// A download beside other work.
#pragma once

#include "hub/download.h"

#include <future>
#include <mutex>

namespace patchbay {

/// Fetches what could be opened here, on a thread of its own, from the question what there is to the last byte. Going
/// away it stops; what has arrived stays.
class BackgroundDownload {
public:
    explicit BackgroundDownload(const HubName &name);
    ~BackgroundDownload();
    BackgroundDownload(const BackgroundDownload &) = delete;
    BackgroundDownload &operator=(const BackgroundDownload &) = delete;

    /// Waits for at most about a tenth of a second; true once it is over, however it ended.
    bool over();
    DownloadProgress progress() const;
    /// Waits for its end. Throws the Error that ended it early, also where the model could not be opened here: nothing
    /// was fetched of it then. To be called once.
    void finish();

private:
    void fetch(const HubName &name);

    const CancelToken m_cancel;
    mutable std::mutex m_mutex;
    DownloadProgress m_progress; ///< under the mutex
    std::future<void> m_end;     ///< goes first: its thread uses the others
};

} // namespace patchbay
