// The compute thread's jobs: results, errors as values, superseding, cancelling, and closing while one runs.
#include "base/error.h"
#include "worker/compute.h"
#include "worker/workbench.h"

#include <QElapsedTimer>
#include <QTest>

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
        QTRY_COMPARE(result, 42);
        QCOMPARE(called, thread());
        QVERIFY(worked != thread());
        QTRY_COMPARE(compute.pending(), 0);
    }

    void errorsAreValues()
    {
        Compute compute;
        Failure failure;
        compute.submit<int>({{}, [](Workbench &, const JobContext &) -> int { throw Error("model.safetensors", "the file is cut short"); },
                             [](int) { QFAIL("a failed job has no result"); }, [&](const Failure &f) { failure = f; }, {}});
        QTRY_COMPARE(failure.subject, QStringLiteral("model.safetensors"));
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
        QTRY_VERIFY(done);
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
        QTRY_COMPARE(done, QVector<int>{19});
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
        QTRY_COMPARE(done, QVector<int>{2});
        QVERIFY(dropped);
    }

    void cancelReachesTheWork()
    {
        Compute compute;
        std::binary_semaphore started{0};
        bool dropped = false;
        const JobId id = compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                                  started.release();
                                                  for (;;)
                                                      context.cancel().check();
                                                  return 0;
                                              },
                                              [](int) { QFAIL("cancelled"); }, {}, [&] { dropped = true; }});
        started.acquire();
        QElapsedTimer clock;
        clock.start();
        compute.cancel(id);
        QTRY_VERIFY(dropped);
        QVERIFY2(clock.elapsed() < 100, qPrintable(QStringLiteral("cancelling took %1 ms").arg(clock.elapsed())));
    }

    void quickJobsAreServedInsideALongOne()
    {
        Compute compute;
        std::atomic<bool> quick{false};
        bool done = false;
        compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                 while (!quick) {
                                     context.cancel().check();
                                     context.serveQuickJobs();
                                 }
                                 return 0;
                             },
                             [&](int) { done = true; }, {}, {}});
        compute.submit<int>({{{}, true, false}, [&](Workbench &, const JobContext &) {
                                 quick = true;
                                 return 0;
                             },
                             {}, {}, {}});
        QTRY_VERIFY(done);
    }

    void closingDuringARunIsQuickAndSilent()
    {
        QElapsedTimer clock;
        bool called = false;
        {
            Compute compute;
            std::binary_semaphore started{0};
            compute.submit<int>({{}, [&](Workbench &, const JobContext &context) {
                                     started.release();
                                     for (;;)
                                         context.cancel().check();
                                     return 0;
                                 },
                                 [&](int) { called = true; }, [&](const Failure &) { called = true; }, [&] { called = true; }});
            started.acquire();
            clock.start();
        }
        QVERIFY2(clock.elapsed() < 300, qPrintable(QStringLiteral("closing took %1 ms").arg(clock.elapsed())));
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }
};

QTEST_GUILESS_MAIN(TestCompute)
#include "test_compute.moc"
