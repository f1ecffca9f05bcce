// Closing while a model of real size computes: in a chunk of a sweep, and in patched attention. The weights are random, the geometry is
// pythia-160m's with fewer words.
#include "worker/compute.h"
#include "worker/run_job.h"
#include "worker/workbench.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <random>
#include <semaphore>

using namespace patchbay;

namespace {

ModelConfig geometry()
{
    ModelConfig c;
    c.family = Family::NeoX;
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

    /// Gives the compute thread a session with its baseline.
    bool prepare(Compute &compute, int prompts)
    {
        bool ready = false;
        compute.submit<int>({{},
                             [this, prompts](Workbench &bench, const JobContext &) {
                                 bench.model = m_model;
                                 bench.session = std::make_unique<Session>(m_model, batch(prompts));
                                 bench.session->baseline();
                                 return 0;
                             },
                             [&ready](int) { ready = true; }, {}, {}});
        return QTest::qWaitFor([&] { return ready; }, 600000);
    }

private Q_SLOTS:
    void initTestCase() { m_model = Model::random(geometry(), 1); }

    void aChunkStopsBetweenItsLayers()
    {
        auto compute = std::make_unique<Compute>();
        QVERIFY(prepare(*compute, 24));
        std::binary_semaphore firstCells{0};
        std::atomic<int> exact{0};
        std::atomic<bool> returned{false}, complete{false};
        QElapsedTimer whole, closing;
        whole.start();
        compute->submit<int>({{},
                              [&](Workbench &bench, const JobContext &context) {
                                  RunObserver observer;
                                  observer.estimates = false;
                                  observer.finished = [&](const FinishedCells &cells) {
                                      if (exact.fetch_add(int(cells.cells.size())) == 0)
                                          firstCells.release();
                                  };
                                  ActPatch sweep;
                                  sweep.sites = {Site::Z, Site::Q, Site::K, Site::V};
                                  complete = bench.session->run(spec_of(sweep), observer, context.cancel()).complete;
                                  returned = true;
                                  return 0;
                              },
                              {}, {}, {}});
        firstCells.acquire();
        const int known = exact;
        const double perCell = double(whole.elapsed()) / known;
        closing.start();
        compute.reset();
        const double waited = double(closing.elapsed());
        const double rest = perCell * (4 * 144 - known);
        qInfo("closed %.0f ms after %d of 576 cells; the rest would have taken about %.0f ms", waited, known, rest);
        QVERIFY(returned && !complete);
        QVERIFY2(waited < rest, "closing waits for no more than what is under way");
    }

    void patchedAttentionStopsBetweenItsLayers()
    {
        std::binary_semaphore started{0};
        std::atomic<bool> finished{false}, cancelled{false};
        QElapsedTimer closing;
        {
            Compute compute;
            QVERIFY(prepare(compute, 70));
            const auto work = [&](Workbench &bench, const JobContext &context) {
                started.release();
                try {
                    bench.session->attention_patched({11, 3}, RunSpec{}, {{Site::Z, 2, 1}}, context.cancel());
                    finished = true;
                } catch (const Cancelled &) {
                    cancelled = true;
                    throw;
                }
                return 0;
            };
            compute.submit<int>({{QStringLiteral("attention-patched"), JobPriority::Soon, true}, work, {}, {}, {}});
            started.acquire();
            closing.start();
        }
        qInfo("closed after %lld ms", static_cast<long long>(closing.elapsed()));
        QVERIFY2(cancelled && !finished, "closing waited for both passes");
    }

    // Another choice of heads stops what was computed for the last one.
    void aNewerPatchedAttentionStopsTheLast()
    {
        Compute compute;
        QVERIFY(prepare(compute, 70));
        std::binary_semaphore started{0};
        bool dropped = false, shown = false;
        std::atomic<bool> finished{false};
        const auto submit = [&](bool first) {
            compute.submit<int>({{QStringLiteral("attention-patched"), JobPriority::Soon, true},
                                 [&, first](Workbench &bench, const JobContext &context) {
                                     if (first)
                                         started.release();
                                     bench.session->attention_patched({11, 3}, RunSpec{}, {{Site::Z, 2, 1}}, context.cancel());
                                     finished = finished || first;
                                     return 0;
                                 },
                                 [&, first](int) { shown = !first; }, {}, [&] { dropped = true; }});
        };
        submit(true);
        started.acquire();
        submit(false);
        QTRY_VERIFY_WITH_TIMEOUT(shown, 600000);
        QVERIFY(dropped && !finished);
    }
};

QTEST_GUILESS_MAIN(TestClosing)
#include "test_closing.moc"
