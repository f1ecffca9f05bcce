// Threads that compute take no signals: a sweep under a timer gives the same bytes, and nothing is lost by it.
#include "base/signals.h"
#include "block/detail/parallel.h"
#include "core/busy_signals.h"
#include "core/small_case.h"
#include "patching/session.h"

#include <QDir>
#include <QFile>
#include <QTest>

#include <map>
#include <mutex>
#include <pthread.h>
#include <thread>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

constexpr uint64_t asynchronous()
{
    uint64_t mask = ~uint64_t(0);
    // 32 and 33 are glibc's own.
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGKILL, SIGSTOP, 32, 33})
        mask &= ~(uint64_t(1) << (fault - 1));
    return mask;
}

// Blocked signals of every other thread of this process, by thread id.
std::map<int, uint64_t> masks_of_others()
{
    std::map<int, uint64_t> masks;
    for (const QString &id : QDir(QStringLiteral("/proc/self/task")).entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        QFile status(QStringLiteral("/proc/self/task/%1/status").arg(id));
        if (id.toInt() == getpid() || !status.open(QIODevice::ReadOnly))
            continue;
        for (const QByteArray &line : status.readAll().split('\n'))
            if (line.startsWith("SigBlk:"))
                masks[id.toInt()] = line.mid(7).trimmed().toULongLong(nullptr, 16);
    }
    return masks;
}

// Before main(): only the threads that libraries have started while they loaded.
const std::map<int, uint64_t> masks_of_libraries = masks_of_others();

bool holds_off(int signal)
{
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return sigismember(&mask, signal) == 1;
}

} // namespace

class TestSignals : public QObject {
    Q_OBJECT

    std::shared_ptr<const Model> m_model = small_llama(3);

private Q_SLOTS:
    // The kernels that oneDNN generates keep the stack pointer in the heap: a handler's frame is written over what lies
    // there.
    void aSweepUnderATimerGivesTheSameBytes_data()
    {
        QTest::addColumn<bool>("process");
        QTest::newRow("signals to the process") << true;
        QTest::newRow("signals to the thread") << false;
    }
    void aSweepUnderATimerGivesTheSameBytes()
    {
        QFETCH(bool, process);
        Resources resources;
        resources.threads = 2;
        const PromptBatch batch = small_batch(42, 20, 300);
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q};
        const RunSpec spec = spec_of(sweep);
        const RunResult quiet = Session(m_model, batch, resources).run(spec);
        const long before = BusySignals::taken();
        RunResult busy;
        {
            const BusySignals timer(process ? BusySignals::To::Process : BusySignals::To::ThisThread);
            QVERIFY(timer.running());
            busy = Session(m_model, batch, resources).run(spec);
        }
        QVERIFY(BusySignals::taken() > before);
        QVERIFY(quiet.complete && busy.complete);
        QCOMPARE(busy.grids.size(), size_t(2));
        for (size_t g = 0; g < 2; ++g)
            QCOMPARE(busy.grids[g].per_prompt, quiet.grids[g].per_prompt);
    }

    void threadsOfLibrariesHoldSignalsOff()
    {
        for (const auto &[id, mask] : masks_of_libraries)
            QVERIFY2((mask & asynchronous()) == asynchronous(),
                     qPrintable(QStringLiteral("thread %1 blocks %2 only").arg(id).arg(mask, 0, 16)));
    }

    // Also those of a pool that was begun where nothing held signals off.
    void everyThreadOfAPoolHoldsSignalsOff()
    {
        std::mutex mutex;
        std::map<std::thread::id, bool> before, after;
        bool caller = true;
        const auto look = [&](std::map<std::thread::id, bool> &held) {
            detail::parallel_rows(4000, 1, [&](int64_t, int64_t) {
                const std::lock_guard lock(mutex);
                held[std::this_thread::get_id()] =
                    holds_off(SIGINT) && holds_off(SIGCHLD) && holds_off(SIGPROF) && holds_off(SIGTSTP);
            });
        };
        std::thread([&] {
            look(before);
            set_threads(3);
            look(after);
            after.erase(std::this_thread::get_id());
            caller = holds_off(SIGINT);
        }).join();
        QVERIFY(!caller);
        if (after.empty())
            QSKIP("OpenMP has one thread here");
        for (const auto &[id, held] : after)
            QVERIFY(held);
    }

    void aSignalThatCameMeanwhileIsTakenAfterwards()
    {
        struct sigaction action = {};
        action.sa_handler = [](int) { ++BusySignals::taken(); };
        sigaction(SIGUSR2, &action, nullptr);
        Session session(m_model, small_batch(2, 8, 300));
        session.baseline();
        const long before = BusySignals::taken();
        long inside = -1;
        RunObserver observer;
        observer.tell = [&](const Event &event) {
            if (!std::holds_alternative<Started>(event))
                return;
            pthread_kill(pthread_self(), SIGUSR2);
            inside = BusySignals::taken();
        };
        session.run({}, observer);
        QCOMPARE(inside, before);
        QCOMPARE(BusySignals::taken().load(), before + 1);
    }

    void theMaskIsAsItWas()
    {
        sigset_t mine, before, after;
        sigemptyset(&mine);
        sigaddset(&mine, SIGWINCH);
        pthread_sigmask(SIG_SETMASK, &mine, &before);
        {
            const SignalsHeldOff outer;
            {
                const SignalsHeldOff inner;
            }
            QVERIFY(holds_off(SIGINT) && holds_off(SIGRTMIN) && !holds_off(SIGSEGV) && !holds_off(SIGABRT));
        }
        pthread_sigmask(SIG_SETMASK, &before, &after);
        for (int signal = 1; signal < NSIG; ++signal)
            QCOMPARE(sigismember(&after, signal), signal == SIGWINCH ? 1 : 0);
    }

    // What a program whose main thread computes relies on.
    void anotherThreadTakesWhatIsSentToTheProcess()
    {
        static std::atomic<bool> elsewhere{false};
        static std::atomic<int> count{0};
        static pthread_t self;
        self = pthread_self();
        struct sigaction action = {};
        action.sa_handler = [](int) {
            elsewhere = !pthread_equal(pthread_self(), self);
            ++count;
        };
        sigaction(SIGUSR1, &action, nullptr);
        take_signals_in_a_thread();
        const SignalsHeldOff held;
        kill(getpid(), SIGUSR1);
        QTRY_COMPARE_WITH_TIMEOUT(count.load(), 1, 60000);
        QVERIFY(elsewhere);
    }
};

QTEST_GUILESS_MAIN(TestSignals)
#include "test_signals.moc"
