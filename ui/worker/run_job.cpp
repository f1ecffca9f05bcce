#include "worker/run_job.h"

#include "analysis/analysis.h"
#include "base/error.h"
#include "worker/workbench.h"

#include <QElapsedTimer>

#include <algorithm>
#include <limits>

namespace patchbay {

namespace {

constexpr qint64 kSnapshotInterval = 50; // ms: 20 a second

/// Collects finished cells and publishes copies of the result so far.
class SnapshotFeed {
public:
    SnapshotFeed(const JobContext &context, const RunNews &news) : m_context(context), m_news(news) {}

    void start(const RunResult &empty)
    {
        m_result = empty;
        m_started = true;
        publish();
    }
    void add(const FinishedCells &cells)
    {
        if (!m_started || cells.grid < 0 || cells.grid >= static_cast<int>(m_result.grids.size()))
            return;
        fold(m_result.grids[size_t(cells.grid)], cells);
        if (m_clock.elapsed() >= kSnapshotInterval)
            publish();
    }
    void progress(int done, int total)
    {
        if (m_news.progress && (done == total || !m_progressClock.isValid() || m_progressClock.elapsed() >= kSnapshotInterval)) {
            m_progressClock.start();
            m_context.post([report = m_news.progress, done, total] { report(done, total); });
        }
    }

private:
    static void fold(Grid &grid, const FinishedCells &cells)
    {
        if (cells.state == CellState::Estimated && grid.estimate.empty())
            grid.estimate.assign(grid.state.size(), std::numeric_limits<float>::quiet_NaN());
        for (size_t i = 0; i < cells.cells.size(); ++i) {
            const size_t cell = size_t(cells.cells[i]);
            if (cells.state == CellState::Estimated) {
                grid.estimate[cell] = cells.per_prompt[i];
                if (grid.state[cell] == CellState::Missing)
                    grid.state[cell] = CellState::Estimated;
            } else {
                const size_t prompts = size_t(grid.prompts);
                std::copy_n(cells.per_prompt.begin() + std::ptrdiff_t(i * prompts), prompts,
                            grid.per_prompt.begin() + std::ptrdiff_t(cell * prompts));
                grid.state[cell] = CellState::Exact;
            }
        }
    }
    void publish()
    {
        m_clock.start();
        if (m_news.snapshot)
            m_context.post([report = m_news.snapshot, copy = std::make_shared<const RunResult>(m_result)] { report(copy); });
    }

    const JobContext &m_context;
    const RunNews &m_news;
    RunResult m_result;
    bool m_started = false;
    QElapsedTimer m_clock, m_progressClock;
};

} // namespace

std::vector<std::vector<double>> halfWidthsOnWorker(const JobContext &context, const RunResult &result)
{
    std::vector<std::vector<double>> all;
    for (const Grid &grid : result.grids) {
        std::vector<double> widths;
        for (int cell = 0; cell < grid.cells(); ++cell) {
            context.cancel().check();
            context.serveShortJobs();
            widths.push_back(bootstrap_half_width(grid, cell, result.baseline));
        }
        all.push_back(std::move(widths));
    }
    return all;
}

RunResultPtr runOnWorker(Workbench &bench, const JobContext &context, const RunRequest &request, const RunNews &news)
{
    if (!bench.session)
        throw Error("", "there is no model with a task yet");
    SnapshotFeed feed(context, news);
    RunObserver observer;
    observer.started = [&](const RunResult &empty) { feed.start(empty); };
    observer.finished = [&](const FinishedCells &cells) {
        feed.add(cells);
        context.serveShortJobs();
    };
    observer.progress = [&](int done, int total) { feed.progress(done, total); };
    observer.priority = request.priority.get();
    observer.resume = request.resume.get();
    return std::make_shared<const RunResult>(request.spec.is<Analysis>()
                                                 ? run_analysis(*bench.session, request.spec, observer, context.cancel())
                                                 : bench.session->run(request.spec, observer, context.cancel()));
}

} // namespace patchbay
