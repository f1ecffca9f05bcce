// Closing while a model of real size computes: in a chunk of a sweep, and in patched attention. The weights are random,
// the geometry is pythia-160m's with fewer words.
#include "backend/embedded_backend.h"
#include "ui/watched_server.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <random>
#include <semaphore>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

ModelConfig geometry()
{
    ModelConfig c;
    c.family = "gpt_neox";
    c.n_layers = c.n_heads = c.n_kv_heads = 12;
    c.d_model = 768;
    c.d_head = 64;
    c.d_mlp = 3072;
    c.d_vocab = 1000;
    c.n_ctx = 64;
    c.parallel = true;
    c.rotary_dim = 16;
    return c;
}

PromptBatch batch(int prompts)
{
    std::mt19937 random(1);
    PromptBatch b;
    b.prompts = prompts;
    b.width = 16;
    for (int i = 0; i < b.prompts * b.width; ++i)
        b.clean.push_back(int64_t(random() % 1000));
    b.flipped = b.clean;
    for (int p = 0; p < b.prompts; ++p) {
        int64_t &changed = b.flipped[size_t(p * b.width + 3)];
        changed = (changed + 1) % 1000;
        b.end.push_back(b.width - 1);
        b.io.push_back(1);
        b.s.push_back(2);
    }
    return b;
}

} // namespace

class TestClosing : public QObject {
    Q_OBJECT
private:
    std::shared_ptr<const Model> m_model;

    /// A session with its baseline, and who looks at it.
    std::unique_ptr<RequestServer> server(int prompts, WatchedServer::Watch watch) const
    {
        auto session = std::make_unique<Session>(m_model, batch(prompts));
        session->baseline();
        return std::make_unique<WatchedServer>(std::move(session), std::move(watch));
    }
    static PatchedAttentionRequest patched() { return {{11, 3}, RunSpec{}, {{Site::Z, 2, 1}}}; }

private Q_SLOTS:
    void initTestCase() { m_model = Model::random(geometry(), 1); }

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
