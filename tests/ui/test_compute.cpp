// The compute thread's jobs: results, errors as values, superseding, cancelling, and closing while one runs.
#include "base/error.h"
#include "worker/compute.h"
#include "worker/workbench.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <semaphore>

using namespace patchbay;

class TestCompute : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void resultsComeOnTheGuiThread()
    {
        Compute compute;
        QThread *worked = nullptr, *called = nullptr;
        int result = 0;
        compute.submit<int>({{}, [&](Workbench &, const JobContext &) {
                                 worked = QThread::currentThread();
                                 return 42;
                             },
                             [&](int value) {
                                 result = value;
                                 called = QThread::currentThread();
                             },
                             {}, {}});
        QTRY_COMPARE_WITH_TIMEOUT(result, 42, 60000);
        QCOMPARE(called, thread());
        QVERIFY(worked != thread());
        QTRY_COMPARE_WITH_TIMEOUT(compute.pending(), 0, 60000);
    }

    void errorsAreValues()
    {
        Compute compute;
        Failure failure;
        compute.submit<int>({{}, [](Workbench &, const JobContext &) -> int { throw Error("model.safetensors", "the file is cut short"); },
                             [](int) { QFAIL("a failed job has no result"); }, [&](const Failure &f) { failure = f; }, {}});
        QTRY_COMPARE_WITH_TIMEOUT(failure.subject, QStringLiteral("model.safetensors"), 60000);
        QCOMPARE(failure.cause, QStringLiteral("the file is cut short"));
    }

    void progressArrivesInOrder()
    {
        Compute compute;
        QVector<int> seen;
        bool done = false;
        compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                 for (int i = 0; i < 5; ++i)
                                     context.post([&seen, i] { seen << i; });
                                 return 0;
                             },
                             [&](int) { done = true; }, {}, {}});
        QTRY_VERIFY_WITH_TIMEOUT(done, 60000);
        QCOMPARE(seen, (QVector<int>{0, 1, 2, 3, 4}));
    }

    void aNewJobOfTheSameTagReplacesAQueuedOne()
    {
        Compute compute;
        std::binary_semaphore gate{0};
        QVector<int> done, dropped, worked;
        compute.submit<int>({{}, [&](Workbench &, const JobContext &) {
                                 gate.acquire();
                                 return 0;
                             },
                             {}, {}, {}});
        for (int i = 0; i < 20; ++i)
            compute.submit<int>({{QStringLiteral("hover")}, [&worked, i](Workbench &, const JobContext &) {
                                     worked << i; // one thread only
                                     return i;
                                 },
                                 [&](int value) { done << value; }, {}, [&dropped, i] { dropped << i; }});
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(done, QVector<int>{19}, 60000);
        QCOMPARE(worked, QVector<int>{19});
        QCOMPARE(dropped.size(), 19);
    }

    void staleResultsAreDropped()
    {
        Compute compute;
        std::binary_semaphore started{0}, gate{0};
        QVector<int> done;
        bool dropped = false;
        compute.submit<int>({{QStringLiteral("view")}, [&](Workbench &, const JobContext &) {
                                 started.release();
                                 gate.acquire();
                                 return 1;
                             },
                             [&](int value) { done << value; }, {}, [&] { dropped = true; }});
        started.acquire();
        compute.submit<int>({{QStringLiteral("view")}, [](Workbench &, const JobContext &) { return 2; }, [&](int value) { done << value; }, {}, {}});
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(done, QVector<int>{2}, 60000);
        QVERIFY(dropped);
    }

    void cancelReachesTheWork()
    {
        Compute compute;
        std::binary_semaphore started{0};
        std::atomic<long> steps{0};
        bool dropped = false;
        const JobId id = compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                                  started.release();
                                                  for (;; ++steps)
                                                      context.cancel().check();
                                                  return 0;
                                              },
                                              [](int) { QFAIL("cancelled"); }, {}, [&] { dropped = true; }});
        started.acquire();
        compute.cancel(id);
        const long then = steps;
        QTRY_VERIFY_WITH_TIMEOUT(dropped, 60000);
        // How soon in steps of the work, of a few nanoseconds each: a busy machine does not change it as it changes a clock.
        QVERIFY2(steps < then + 1'000'000, qPrintable(QStringLiteral("%1 steps after it was cancelled").arg(steps - then)));
    }

    void quickJobsAreServedInsideALongOne()
    {
        Compute compute;
        std::atomic<bool> quick{false};
        bool done = false;
        compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                 while (!quick) {
                                     context.cancel().check();
                                     context.serveShortJobs();
                                 }
                                 return 0;
                             },
                             [&](int) { done = true; }, {}, {}});
        compute.submit<int>({{{}, JobPriority::Quick, false}, [&](Workbench &, const JobContext &) {
                                 quick = true;
                                 return 0;
                             },
                             {}, {}, {}});
        QTRY_VERIFY_WITH_TIMEOUT(done, 60000);
    }

    // Quick before soon before long, whatever came first; a long one serves the others, and never another long one.
    void jobsGoByTheirPriority()
    {
        Compute compute;
        std::binary_semaphore gate{0};
        QStringList order; // the compute thread's alone, until all is done
        const auto submit = [&](JobPriority priority, const QString &name, bool serves) {
            compute.submit<int>({{{}, priority, false}, [&order, name, serves](Workbench &, const JobContext &context) {
                                     order << name;
                                     if (serves)
                                         context.serveShortJobs();
                                     order << name + QStringLiteral(" done");
                                     return 0;
                                 },
                                 {}, {}, {}});
        };
        compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                 gate.acquire();
                                 context.serveShortJobs();
                                 return 0;
                             },
                             {}, {}, {}});
        submit(JobPriority::Long, QStringLiteral("long"), true);
        submit(JobPriority::Soon, QStringLiteral("soon"), false);
        submit(JobPriority::Quick, QStringLiteral("quick"), false);
        gate.release();
        QTRY_COMPARE_WITH_TIMEOUT(compute.pending(), 0, 60000);
        QCOMPARE(order, QStringList({"quick", "quick done", "soon", "soon done", "long", "long done"}));
    }

    void closingDuringARunIsQuickAndSilent()
    {
        QElapsedTimer closing;
        bool called = false;
        std::atomic<bool> stopped{false};
        {
            Compute compute;
            std::binary_semaphore started{0};
            compute.submit<int>({{}, [&](Workbench &, const JobContext &context) -> int {
                                     started.release();
                                     while (!context.cancel().cancelled()) {
                                     }
                                     stopped = true;
                                     throw Cancelled();
                                 },
                                 [&](int) { called = true; }, [&](const Failure &) { called = true; }, [&] { called = true; }});
            started.acquire();
            closing.start();
        }
        QVERIFY2(stopped, "the thread is gone only when its work has stopped");
        qInfo("closed after %lld ms", static_cast<long long>(closing.elapsed())); // with real work: test_closing
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }
};

QTEST_GUILESS_MAIN(TestCompute)
#include "test_compute.moc"
