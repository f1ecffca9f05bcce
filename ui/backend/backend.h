// The door to whoever computes: requests in, answers back as calls on the GUI thread. What is behind it the window does
// not know.
#pragma once

#include "backend/failure.h"
#include "requests/request.h"

#include <QObject>
#include <QString>

#include <functional>
#include <optional>
#include <utility>

namespace patchbay {

using JobId = quint64;

/// How a job behaves towards others. How soon it is served follows from what it asks (requests/request.h).
struct JobPolicy {
    QString tag = {};        ///< a new job of the same tag supersedes older ones; empty: none
    bool interrupts = false; ///< also stops a running job of the same tag inside of a part, not only after it
};

/// What a request came to. A run's is its last snapshot, with the result.
using Answer =
    std::variant<Snapshot, SetupPtr, AttentionPatterns, HalfWidths, Stabilities, std::shared_ptr<const StepOutcomes>,
                 CacheListingPtr, DownloadPlanPtr, RevisionsPtr, TrialPtr, SeriesResultsPtr, SeriesMeasuresPtr>;

/// Called on the GUI thread, except where it says otherwise. Every job ends in exactly one of done, failed, or dropped
/// (superseded, or cancelled before it had anything to show).
struct JobCalls {
    std::function<void(const Answer &)> done;
    std::function<void(const Failure &)> failed;
    std::function<void()> dropped;
    /// At most twenty times a second each.
    std::function<void(const Progress &)> progress;
    std::function<void(const Snapshot &)> snapshot;
    /// Every event as it happens, on the thread where it happens, also of a job that nobody waits for any more; it must
    /// not throw.
    Tell heard;
};

/// After destruction begins nothing is called any more.
class Backend : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    template <class R>
    struct Job {
        R request;
        JobPolicy policy = {};
        std::function<void(const typename R::Answer &)> done = {};
        std::function<void(const Failure &)> failed = {};
        std::function<void()> dropped = {};
        std::function<void(const Progress &)> progress = {};
        std::function<void(const Snapshot &)> snapshot = {};
        Tell heard = {};
    };
    template <class R>
    JobId submit(Job<R> job)
    {
        std::function<void(const Answer &)> done;
        if (job.done)
            done = [call = std::move(job.done)](const Answer &answer) { call(std::get<typename R::Answer>(answer)); };
        return submitRequest(std::move(job.request), job.policy,
                             {std::move(done), std::move(job.failed), std::move(job.dropped), std::move(job.progress),
                              std::move(job.snapshot), std::move(job.heard)});
    }

    /// Asks a job to stop. A sweep then ends with what it has; other jobs are dropped.
    virtual void cancel(JobId id) = 0;
    virtual void cancelAll() = 0;
    /// Jobs that have not ended yet.
    virtual int pending() const = 0;
    /// The head whose cells are to be computed next, in whatever run is going on.
    virtual void want(std::optional<Head> head) = 0;

protected:
    virtual JobId submitRequest(Request request, const JobPolicy &policy, JobCalls calls) = 0;
};

} // namespace patchbay
