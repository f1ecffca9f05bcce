// The embedded backend's jobs: answers, errors as values, order, superseding, cancelling, and closing while one runs.
// What is carried out is the test's own; with real work: tests/core/test_requests and the tests of the window.
#include "analysis/analysis.h"
#include "backend/embedded_backend.h"
#include "base/error.h"
#include "core/part_server.h"
#include "model/model.h"
#include "task/task_source.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <semaphore>

using namespace patchbay;
using testing::Part, testing::PartServer;

namespace {

using Outcomes = std::shared_ptr<const StepOutcomes>;

std::unique_ptr<RequestServer> serverOf(Part part)
{
    return std::make_unique<PartServer>(std::move(part));
}

/// A workbench on which the first exact cells of a run wait until somebody has seen them.
class HeldWorkbench : public Workbench {
public:
    using Workbench::Workbench;
    std::unique_ptr<Work> begin(const Request &request, Tell tell) override
    {
        const RunRequest *run = std::get_if<RunRequest>(&request);
        if (!run || run->soon)
            return Workbench::begin(request, std::move(tell));
        return Workbench::begin(request, [this, tell = std::move(tell), held = false](const Event &event) mutable {
            tell(event);
            const Cells *cells = std::get_if<Cells>(&event);
            if (cells && cells->state == CellState::Exact && !std::exchange(held, true)) {
                started.release();
                gate.acquire();
            }
        });
    }
    std::unique_ptr<Work> begin_beside(const Request &, const Tell &) override { return nullptr; } // all on one thread
    std::binary_semaphore started{0}, gate{0};
};

std::unique_ptr<Session> demoSession()
{
    const auto model = Model::load({demo_model_path(), {}, false});
    TaskRef task;
    task.prompts = 4;
    return std::make_unique<Session>(model, load_batch(task, model->tokenizer()));
}

int stepOf(const Request &request)
{
    const RunStepRequest *step = std::get_if<RunStepRequest>(&request);
    return step ? int(step->step) : -1;
}

bool end(const Tell &tell, const Request &request)
{
    if (std::holds_alternative<RunStepRequest>(request))
        tell(Done{std::make_shared<const StepOutcomes>(size_t(stepOf(request)))});
    else
        tell(Done{AttentionPatterns()});
    return false;
}

} // namespace

class TestBackend : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void answersComeOnTheGuiThread()
    {
        QThread *worked = nullptr, *called = nullptr;
        EmbeddedBackend backend(serverOf([&](const Request &request, const Tell &tell, const CancelToken &) {
            worked = QThread::currentThread();
            return end(tell, request);
        }));
        size_t result = 0;
        backend.submit<RunStepRequest>({.request = {42}, .done = [&](const Outcomes &outcomes) {
                                            result = outcomes->size();
                                            called = QThread::currentThread();
                                        }});
        QTRY_COMPARE_WITH_TIMEOUT(result, size_t(42), 60000);
        QCOMPARE(called, thread());
        QVERIFY(worked != thread());
        QCOMPARE(backend.pending(), 0);
    }

    void errorsAreValues()
    {
        EmbeddedBackend backend(serverOf([](const Request &, const Tell &, const CancelToken &) -> bool {
            throw Error("model.safetensors", "the file is cut short");
        }));
        Failure failure;
        backend.submit<RunStepRequest>({.request = {},
                                        .done = [](const Outcomes &) { QFAIL("a failed job has no result"); },
                                        .failed = [&](const Failure &f) { failure = f; }});
        QTRY_COMPARE_WITH_TIMEOUT(failure.subject, QStringLiteral("model.safetensors"), 60000);
        QCOMPARE(failure.cause, QStringLiteral("the file is cut short"));
        QCOMPARE(backend.pending(), 0);
    }

    // A sweep's cells come as snapshots; each says which cells are new, and the answer is the whole result.
    void snapshotsSayWhatChanged()
    {
        Grid grid;
        grid.axes = {"layer", "head"};
        grid.shape = {10, 10};
        grid.prompts = 1;
        grid.per_prompt.assign(100, std::nanf(""));
        grid.state.assign(100, CellState::Missing);
        RunResult empty;
        empty.grids = {grid};
        int cell = -1;
        std::binary_semaphore seen{0};
        EmbeddedBackend backend(serverOf([&](const Request &, const Tell &tell, const CancelToken &) {
            if (cell < 0)
                tell(Started{empty});
            else
                tell(Cells{0, CellState::Exact, {cell}, {float(cell)}, {}, 1, 0.5});
            tell(Progress{cell + 1, 100, {}});
            if (cell == 50)
                seen.acquire(); // time for a snapshot, and for the GUI thread to take it
            if (++cell < 100)
                return true;
            tell(Done{RunEnd{true, 2, {}, {}}});
            return false;
        }));
        QVector<Snapshot> snapshots;
        QVector<int> progress;
        Snapshot last;
        QElapsedTimer since;
        since.start();
        backend.submit<RunRequest>({.request = {},
                                    .done = [&](const Snapshot &end) { last = end; },
                                    .progress = [&](const Progress &at) { progress << at.done; },
                                    .snapshot = [&](const Snapshot &snapshot) { snapshots << snapshot; }});
        QTRY_VERIFY_WITH_TIMEOUT(!snapshots.isEmpty() && since.elapsed() > 100, 60000);
        seen.release();
        QTRY_VERIFY_WITH_TIMEOUT(last.result, 60000);
        QVERIFY2(snapshots.size() >= 2, "the cells after the pause are worth a snapshot");
        QVERIFY(snapshots.front().changed.all);
        QVERIFY(std::is_sorted(progress.begin(), progress.end()));
        QCOMPARE(progress.back(), 100);
        for (int i = 1; i < snapshots.size(); ++i) {
            const Snapshot &before = snapshots[i - 1], &now = snapshots[i];
            QVERIFY(!now.changed.all);
            std::vector<int> changed;
            for (int c = 0; c < 100; ++c)
                if (before.result->grids[0].state[size_t(c)] != now.result->grids[0].state[size_t(c)])
                    changed.push_back(c);
            QCOMPARE(now.changed.cells, std::vector<std::vector<int>>{changed});
        }
        QVERIFY(last.result->complete && last.result->seconds == 2 && last.result->flops == 100);
        for (int c = 0; c < 100; ++c)
            QCOMPARE(last.result->grids[0].cell(c).front(), float(c));
    }

    // What is quick is served within the one step of an exact sweep of edges, and the sweep comes to the same numbers.
    void quickRequestsComeBetweenExactEdges()
    {
        const RunSpec spec = spec_of(Analysis{"edges", {}, {{"method", "exact"}, {"count", 300}, {"rank_by", "eap"}}});
        auto owned = std::make_unique<HeldWorkbench>(demoSession());
        HeldWorkbench &bench = *owned;
        EmbeddedBackend backend(std::move(owned));
        QStringList answered;
        RunResultPtr result;
        backend.submit<RunRequest>({.request = {spec}, .done = [&](const Snapshot &last) {
                                        result = last.result;
                                        answered << QStringLiteral("sweep");
                                    }});
        bench.started.acquire();
        backend.submit<AttentionRequest>(
            {.request = {std::vector<AttentionOf>{{Head{1, 2}}}}, .done = [&](const AttentionPatterns &patterns) {
                 QVERIFY(patterns.size() == 1 && !patterns.front()->weights.empty());
                 answered << QStringLiteral("attention");
             }});
        RunSpec circuit = spec_of(Analysis{"circuit", {}, {{"edges", "input->a0.h1<q>,a0.h1->logits"}}});
        backend.submit<RunRequest>({.request = {circuit, nullptr, true}, .done = [&](const Snapshot &last) {
                                        QVERIFY(last.result->summary.contains("faithfulness"));
                                        answered << QStringLiteral("circuit");
                                    }});
        bench.gate.release();
        QTRY_VERIFY_WITH_TIMEOUT(result, 60000);
        QCOMPARE(answered,
                 (QStringList{QStringLiteral("attention"), QStringLiteral("circuit"), QStringLiteral("sweep")}));
        QVERIFY(result->complete);
        const std::unique_ptr<Session> other = demoSession();
        QVERIFY(run_analysis(*other, spec).grids.front().per_prompt == result->grids.front().per_prompt);
    }

    void aNewJobOfTheSameTagReplacesAQueuedOne()
    {
        std::binary_semaphore gate{0};
        QVector<int> done, dropped, worked;
        EmbeddedBackend backend(serverOf([&](const Request &request, const Tell &tell, const CancelToken &) {
            if (stepOf(request) == 99)
                gate.acquire();
            else
                worked << stepOf(request); // one thread only
            return end(tell, request);
        }));
        backend.submit<RunStepRequest>({.request = {99}});
        for (size_t i = 0; i < 20; ++i)
            backend.submit<RunStepRequest>({.request = {i},
                                            .policy = {QStringLiteral("hover")},
                                            .done = [&](const Outcomes &outcomes) { done << int(outcomes->size()); },
                                            .dropped = [&dropped, i] { dropped << int(i); }});
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(done, QVector<int>{19}, 60000);
        QCOMPARE(worked, QVector<int>{19});
        QCOMPARE(dropped.size(), 19);
    }

    // Superseded while it runs: its next part is not begun.
    void aStaleJobEndsBetweenTwoParts()
    {
        std::binary_semaphore started{0}, gate{0};
        std::atomic<int> parts{0};
        QVector<int> done;
        bool dropped = false;
        EmbeddedBackend backend(serverOf([&](const Request &request, const Tell &tell, const CancelToken &) {
            if (stepOf(request) != 1)
                return end(tell, request);
            ++parts;
            started.release();
            gate.acquire();
            return true;
        }));
        const auto note = [&](const Outcomes &outcomes) { done << int(outcomes->size()); };
        backend.submit<RunStepRequest>(
            {.request = {1}, .policy = {QStringLiteral("view")}, .done = note, .dropped = [&] { dropped = true; }});
        started.acquire();
        backend.submit<RunStepRequest>({.request = {2}, .policy = {QStringLiteral("view")}, .done = note});
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(done, QVector<int>{2}, 60000);
        QVERIFY(dropped);
        QCOMPARE(parts.load(), 1);
    }

    void cancelReachesTheWork()
    {
        std::binary_semaphore started{0};
        std::atomic<long> steps{0};
        EmbeddedBackend backend(serverOf([&](const Request &, const Tell &, const CancelToken &cancel) {
            started.release();
            for (;; ++steps)
                cancel.check();
            return false;
        }));
        bool dropped = false;
        const JobId id = backend.submit<RunStepRequest>(
            {.request = {}, .done = [](const Outcomes &) { QFAIL("cancelled"); }, .dropped = [&] { dropped = true; }});
        started.acquire();
        backend.cancel(id);
        const long then = steps;
        QTRY_VERIFY_WITH_TIMEOUT(dropped, 60000);
        // How soon in steps of the work, of a few nanoseconds each: a busy machine does not change it as it changes a
        // clock.
        QVERIFY2(steps < then + 1'000'000,
                 qPrintable(QStringLiteral("%1 steps after it was cancelled").arg(steps - then)));
    }

    // Quick before soon before long, whatever came first; between two parts of a work what is more urgent is served,
    // and nothing else.
    void theMoreUrgentIsServedBetweenTwoParts()
    {
        std::binary_semaphore started{0}, gate{0};
        QStringList order; // the compute thread's alone, until all is done
        int parts = 0;
        EmbeddedBackend backend(serverOf([&](const Request &request, const Tell &tell, const CancelToken &) {
            if (stepOf(request) == 1) {
                order << QStringLiteral("long %1").arg(++parts);
                if (parts > 1)
                    return end(tell, request);
                started.release();
                gate.acquire();
                return true;
            }
            order << (urgency(request) == Urgency::Quick      ? QStringLiteral("quick")
                          : urgency(request) == Urgency::Soon ? QStringLiteral("soon")
                                                              : QStringLiteral("next long"));
            return end(tell, request);
        }));
        backend.submit<RunStepRequest>({.request = {1}});
        started.acquire();
        backend.submit<RunStepRequest>({.request = {2}});
        backend.submit<PatchedAttentionRequest>({.request = {}});
        backend.submit<AttentionRequest>({.request = {}});
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(backend.pending(), 0, 60000);
        QCOMPARE(order, QStringList({"long 1", "quick", "soon", "long 2", "next long"}));
    }

    // What needs nothing but what is there is answered while a part is being carried out, not after it.
    void whatGoesBesideDoesNotWaitForThePart()
    {
        std::binary_semaphore started{0}, gate{0};
        struct Beside : PartServer {
            using PartServer::PartServer;
            std::unique_ptr<Work> begin_beside(const Request &request, const Tell &tell) override
            {
                return std::holds_alternative<AttentionRequest>(request) ? begin(request, tell) : nullptr;
            }
        };
        EmbeddedBackend backend(
            std::make_unique<Beside>([&](const Request &request, const Tell &tell, const CancelToken &) {
                if (stepOf(request) == 1) {
                    started.release();
                    gate.acquire();
                }
                return end(tell, request);
            }));
        bool answered = false, swept = false;
        backend.submit<RunStepRequest>({.request = {1}, .done = [&](const Outcomes &) { swept = true; }});
        started.acquire();
        backend.submit<AttentionRequest>({.request = {}, .done = [&](const AttentionPatterns &) { answered = true; }});
        QTRY_VERIFY_WITH_TIMEOUT(answered, 60000);
        QVERIFY(!swept);
        gate.release();
        QTRY_VERIFY_WITH_TIMEOUT(swept, 60000);
    }

    // The part that is being carried out hears of the cancel; none follows, whether it heeds it or not.
    void closingDuringARunIsSilentAndBeginsNoFurtherPart()
    {
        bool called = false;
        std::atomic<int> parts{0};
        QElapsedTimer closing;
        {
            std::binary_semaphore started{0};
            EmbeddedBackend backend(serverOf([&](const Request &, const Tell &tell, const CancelToken &cancel) {
                ++parts;
                started.release();
                while (!cancel.cancelled()) {
                }
                tell(Progress{1, 2, {}});
                return true;
            }));
            for (size_t i = 0; i < 3; ++i)
                backend.submit<RunStepRequest>({.request = {i},
                                                .done = [&](const Outcomes &) { called = true; },
                                                .failed = [&](const Failure &) { called = true; },
                                                .dropped = [&] { called = true; },
                                                .progress = [&](const Progress &) { called = true; }});
            started.acquire();
            closing.start();
        }
        qInfo("closed after %lld ms", static_cast<long long>(closing.elapsed()));
        QCOMPARE(parts.load(), 1);
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }
};

QTEST_GUILESS_MAIN(TestBackend)
#include "test_backend.moc"
