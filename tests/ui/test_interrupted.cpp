// Stopping, closing and quitting at random moments, with signals that a computing thread must not take.
#include "backend/embedded_backend.h"
#include "core/busy_signals.h"
#include "core/small_case.h"
#include "ui/watched_server.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <csignal>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

// "SigBlk", "SigCgt" … of a process or thread, as the kernel has it.
quint64 signals_of(const QString &status_file, const QByteArray &field)
{
    QFile file(status_file);
    if (file.open(QIODevice::ReadOnly))
        for (const QByteArray &line : file.readAll().split('\n'))
            if (line.startsWith(field + ':'))
                return line.mid(field.size() + 1).trimmed().toULongLong(nullptr, 16);
    return 0;
}

} // namespace

class TestInterrupted : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void stoppedAndClosedAtRandomMoments()
    {
        const auto model = small_llama(2);
        const PromptBatch batch = small_batch(30, 18, 300);
        Resources resources;
        resources.threads = 2;
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q, Site::V};
        const RunSpec spec = spec_of(sweep);
        const RunResult whole = Session(model, batch, resources).run(spec);
        std::mt19937 random(5);
        int stopped = 0;
        for (int i = 0; i < 8; ++i) {
            std::atomic<int> finished{0};
            const int enough = int(random() % 40);
            RunResult part;
            bool done = false;
            std::optional<BusySignals> timer; // of the compute thread
            auto backend = std::make_unique<EmbeddedBackend>(std::make_unique<WatchedServer>(
                std::make_unique<Session>(model, batch, resources),
                WatchedServer::Watch{.begun = [&](const Request &) { timer.emplace(BusySignals::To::ThisThread); },
                                     .told =
                                         [&](const Event &event) {
                                             if (const Cells *cells = std::get_if<Cells>(&event);
                                                 cells && cells->state == CellState::Exact)
                                                 finished += int(cells->cells.size());
                                         }}));
            const JobId id = backend->submit<RunRequest>({.request = {spec}, .done = [&](const Snapshot &last) {
                                                              part = *last.result;
                                                              done = true;
                                                          }});
            QTRY_VERIFY_WITH_TIMEOUT(finished >= enough, 60000);
            if (i % 2) {
                backend.reset();
                continue;
            }
            backend->cancel(id);
            QTRY_VERIFY_WITH_TIMEOUT(done, 60000);
            stopped += !part.complete;
            for (size_t g = 0; g < part.grids.size(); ++g)
                for (int cell = 0; cell < part.grids[g].cells(); ++cell)
                    if (part.grids[g].state[size_t(cell)] == CellState::Exact)
                        QVERIFY(std::ranges::equal(part.grids[g].cell(cell), whole.grids[g].cell(cell)));
        }
        QVERIFY(stopped > 0);
    }

    void theWorkerHoldsSignalsOffAndChildrenDoNot()
    {
        const QString own = QStringLiteral("/proc/thread-self/status");
        std::atomic<quint64> worker{0};
        EmbeddedBackend backend(std::make_unique<WatchedServer>(
            nullptr, WatchedServer::Watch{.begun = [&](const Request &) { worker = signals_of(own, "SigBlk"); }}));
        bool ended = false; // there is no model: it fails
        backend.submit<SkipStepRequest>({.request = {}, .failed = [&](const Failure &) { ended = true; }});
        QTRY_VERIFY_WITH_TIMEOUT(ended, 60000);
        for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGPROF, SIGALRM, SIGTSTP, SIGWINCH, SIGUSR1})
            QVERIFY(worker.load() >> (signal - 1) & 1);
        QProcess child;
        child.start(QStringLiteral("grep"), {QStringLiteral("SigBlk"), QStringLiteral("/proc/self/status")});
        QVERIFY(child.waitForFinished(60000));
        QCOMPARE(child.readAllStandardOutput().mid(7).trimmed().toULongLong(nullptr, 16), signals_of(own, "SigBlk"));
    }

    void aSignalClosesTheWindowInOrder_data()
    {
        QTest::addColumn<int>("signal");
        QTest::newRow("SIGTERM") << SIGTERM;
        QTest::newRow("SIGINT") << SIGINT;
    }
    void aSignalClosesTheWindowInOrder()
    {
        QFETCH(int, signal);
        const QString program = QStringLiteral(PATCHBAY_BINARY_DIR "/bin/patchbay");
        if (!QFile::exists(program))
            QSKIP("the program is not built");
        QTemporaryDir settings;
        QProcess window;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("XDG_CONFIG_HOME"), settings.path());
        window.setProcessEnvironment(environment);
        window.setProcessChannelMode(QProcess::ForwardedChannels);
        window.start(program, {QStringLiteral("--model"), QStringLiteral("demo")});
        QVERIFY(window.waitForStarted(60000));
        const QString status = QStringLiteral("/proc/%1/status").arg(window.processId());
        QTRY_VERIFY_WITH_TIMEOUT(signals_of(status, "SigCgt") >> (signal - 1) & 1, 60000);
        QCOMPARE(kill(pid_t(window.processId()), signal), 0);
        QVERIFY(window.waitForFinished(120000));
        QCOMPARE(window.exitStatus(), QProcess::NormalExit);
        QCOMPARE(window.exitCode(), 0);
        // What closing a window does: its layout is kept.
        QVERIFY(QFile::exists(settings.filePath(QStringLiteral("patchbay/patchbay.conf"))));
    }
};

QTEST_GUILESS_MAIN(TestInterrupted)
#include "test_interrupted.moc"
