// Closing while a model of real size computes: in a chunk of a sweep, and in patched attention. The weights are random,
// the geometry is pythia-160m's with fewer words.
#include "backend/embedded_backend.h"
#include "core/small_case.h"
#include "ui/watched_server.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <semaphore>

using namespace patchbay;
using namespace patchbay::testing;

class TestClosing : public QObject {
    Q_OBJECT
private:
    std::shared_ptr<const Model> m_model;

    /// A session with its baseline, and who looks at it.
    std::unique_ptr<RequestServer> server(int prompts, WatchedServer::Watch watch) const
    {
        auto session = std::make_unique<Session>(m_model, small_batch(prompts, 16, 1000));
        session->baseline();
        return std::make_unique<WatchedServer>(std::move(session), std::move(watch));
    }
    static PatchedAttentionRequest patched() { return {{11, 3}, RunSpec{}, {{Site::Z, 2, 1}}}; }

private Q_SLOTS:
    void initTestCase() { m_model = Model::random(small_config(12, 12, 64, 1000), 1); }

    void aChunkStopsBetweenItsLayers()
    {
        std::binary_semaphore firstCells{0};
        std::atomic<int> exact{0};
        std::atomic<bool> ended{false}, complete{false};
        auto backend = std::make_unique<EmbeddedBackend>(
            server(24, {.told = [&](const Event &event) {
                       if (const Cells *cells = std::get_if<Cells>(&event); cells && cells->state == CellState::Exact) {
                           if (exact.fetch_add(int(cells->cells.size())) == 0)
                               firstCells.release();
                       }
                       if (const Done *done = std::get_if<Done>(&event)) {
                           ended = true;
                           complete = std::get<RunEnd>(done->reply).complete;
                       }
                   }}));
        QElapsedTimer whole, closing;
        whole.start();
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q, Site::K, Site::V};
        backend->submit<RunRequest>({.request = {spec_of(sweep)}});
        firstCells.acquire();
        const int known = exact;
        const double perCell = double(whole.elapsed()) / known;
        closing.start();
        backend.reset();
        const double waited = double(closing.elapsed());
        const double rest = perCell * (4 * 144 - known);
        qInfo("closed %.0f ms after %d of 576 cells; the rest would have taken about %.0f ms", waited, known, rest);
        QVERIFY(!ended || !complete);
        QVERIFY2(waited < rest, "closing waits for no more than what is under way");
    }

    void patchedAttentionStopsBetweenItsLayers()
    {
        std::binary_semaphore started{0};
        std::atomic<bool> finished{false}, cancelled{false};
        QElapsedTimer closing;
        {
            EmbeddedBackend backend(
                server(70,
                       {.begun = [&](const Request &) { started.release(); },
                        .told = [&](const Event &event) { finished = finished || std::holds_alternative<Done>(event); },
                        .cancelled = [&](const Request &) { cancelled = true; }}));
            backend.submit<PatchedAttentionRequest>(
                {.request = patched(), .policy = {QStringLiteral("attention-patched"), true}});
            started.acquire();
            closing.start();
        }
        qInfo("closed after %lld ms", static_cast<long long>(closing.elapsed()));
        QVERIFY2(cancelled && !finished, "closing waited for both passes");
    }

    // Another choice of heads stops what was computed for the last one.
    void aNewerPatchedAttentionStopsTheLast()
    {
        std::counting_semaphore<2> started{0};
        std::atomic<int> finished{0};
        EmbeddedBackend backend(
            server(70,
                   {.begun = [&](const Request &) { started.release(); },
                    .told = [&](const Event &event) { finished += std::holds_alternative<Done>(event); }}));
        bool dropped = false, shown = false;
        const JobPolicy policy{QStringLiteral("attention-patched"), true};
        backend.submit<PatchedAttentionRequest>(
            {.request = patched(), .policy = policy, .dropped = [&] { dropped = true; }});
        started.acquire();
        backend.submit<PatchedAttentionRequest>(
            {.request = patched(), .policy = policy, .done = [&](const AttentionPatterns &) { shown = true; }});
        QTRY_VERIFY_WITH_TIMEOUT(shown, 600000);
        QVERIFY(dropped);
        QCOMPARE(finished.load(), 1);
    }
};

QTEST_GUILESS_MAIN(TestClosing)
#include "test_closing.moc"
