// Kill −9 at random moments during sweeps, edits and saves, of the window and of the command line: every project that
// is reopened is readable and whole, and no finished chunk older than the last one is lost.
//
//     PATCHBAY_KILLS=200 PATCHBAY_SEED=1 test_killed     otherwise a few
//
// The window that is killed is this program again, as test_killed --act FILE SEED: it does what people do, and says on
// standard output what it has shown.
#include "controllers/explorer.h"
#include "project/contents.h"
#include "shell/project_flow.h"
#include "window_fixture.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QProcess>
#include <QTimer>

#include <cstdio>
#include <map>
#include <random>

using namespace patchbay;

namespace {

/// A window that is used without end.
class Act : public QObject {
public:
    Act(const QString &file, unsigned seed) : m_file(file), m_random(seed), m_window(m_fixture.openBare())
    {
        if (QFileInfo::exists(file))
            m_window.project().open(file);
        else
            m_window.start(QStringLiteral("demo"));
        connect(&explorer().runs, &RunsStore::runChanged, this, [this](int id) { tell(id); });
        connect(&m_step, &QTimer::timeout, this, &Act::step);
        m_step.start(0);
    }

private:
    Explorer &explorer() { return m_window.explorer(); }
    int below(int end) { return std::uniform_int_distribution<int>(0, end - 1)(m_random); }

    // What somebody has seen must be on disk the next moment.
    void tell(int id)
    {
        const RunEntry *run = explorer().runs.find(id);
        const qint64 kept = explorer().project.idOf(id);
        if (run && run->result && kept >= 0) {
            std::printf("run %lld %d\n", static_cast<long long>(kept), run->done);
            std::fflush(stdout);
        }
    }

    void step()
    {
        if (!m_fixture.ready() || explorer().project.busy())
            return;
        if (!explorer().project.isOpen())
            explorer().project.create(m_file);
        m_step.setInterval(below(15));
        Navigation &navigation = explorer().navigation;
        if (explorer().runner.activeRun() < 0) {
            ActPatch sweep;
            const std::vector<Site> sites{Site::Z,       Site::Q,       Site::K,     Site::V,
                                          Site::Pattern, Site::AttnOut, Site::MlpOut};
            sweep.sites.clear();
            std::sample(sites.begin(), sites.end(), std::back_inserter(sweep.sites), 1 + below(3), m_random);
            sweep.direction = below(2) ? Direction::Noise : Direction::Denoise;
            sweep.positions = below(3) ? Positions() : Positions::at("s2");
            explorer().runner.run(spec_of(sweep));
            return;
        }
        const RunEntry &run = explorer().runs.entries().front();
        const QString some = QString::number(m_random());
        switch (below(7)) {
        case 0:
            return navigation.select({{below(6), below(8)}}, {below(6), below(8)});
        case 1:
            return navigation.showPrompt(below(5));
        case 2:
            return explorer().project.setNote(QStringLiteral("head"), QStringLiteral("L%1H1").arg(below(6)),
                                              some.repeated(50));
        case 3:
            return explorer().project.setNote(QStringLiteral("run"), QString::number(explorer().project.idOf(run.id)),
                                              some);
        case 4:
            return explorer().runs.update(run.id, [&](RunEntry &one) { one.pinned = !one.pinned; });
        case 5:
            return explorer().runs.update(run.id, [&](RunEntry &one) { one.name = some; });
        default:
            return explorer().project.putState(QStringLiteral("options"),
                                               "{\"bars.count\":" + QByteArray::number(below(20)) + "}");
        }
    }

    const QString m_file;
    std::mt19937 m_random;
    WindowFixture m_fixture;
    MainWindow &m_window;
    QTimer m_step;
};

int environment(const char *name, int otherwise)
{
    bool given = false;
    const int value = qEnvironmentVariableIntValue(name, &given);
    return given ? value : otherwise;
}

} // namespace

class TestKilled : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void windowsAreKilled()
    {
        const int kills = environment("PATCHBAY_KILLS", 4);
        const unsigned seed = unsigned(environment("PATCHBAY_SEED", 1));
        std::mt19937 random(seed);
        const auto below = [&](int end) { return std::uniform_int_distribution<int>(0, end - 1)(random); };
        QTemporaryDir folder;
        QString file;
        int late = 0, cells = 0;
        for (int kill = 0; kill < kills; ++kill) {
            if (kill % 8 == 0) // a project grows from kill to kill, and is a new one now and then
                file = folder.filePath(QStringLiteral("killed-%1.patchbay").arg(kill));
            QProcess window;
            QProcessEnvironment own = QProcessEnvironment::systemEnvironment();
            own.insert(QStringLiteral("TMPDIR"), folder.path()); // who is killed leaves its files
            window.setProcessEnvironment(own);
            window.start(QCoreApplication::applicationFilePath(),
                         {QStringLiteral("--act"), file, QString::number(random())});
            QByteArray said;
            QElapsedTimer patience;
            patience.start();
            // Some while it starts and opens what there is, the others while it is used.
            const bool early = below(4) == 0;
            while (!early && !said.contains("run ") && window.state() != QProcess::NotRunning
                   && patience.elapsed() < 120000) {
                window.waitForReadyRead(200);
                said += window.readAllStandardOutput();
            }
            QVERIFY2(early || said.contains("run "), window.readAllStandardError().constData());
            const qint64 moment = patience.elapsed() + below(early ? 2500 : 800);
            while (patience.elapsed() < moment)
                if (window.waitForReadyRead(int(std::max<qint64>(1, moment - patience.elapsed()))))
                    said += window.readAllStandardOutput();
            window.kill();
            QVERIFY(window.waitForFinished(60000));
            said += window.readAllStandardOutput();
            if (!QFileInfo::exists(file))
                continue; // it had not begun

            // Of each run what was seen last, and the time before: a chunk may have been on its way to the disk.
            std::map<qint64, std::pair<int, int>> seen;
            for (const QByteArray &line : said.left(said.lastIndexOf('\n')).split('\n')) {
                const QList<QByteArray> words = line.split(' ');
                if (words.size() == 3 && words[0] == "run" && words[2].toInt() != seen[words[1].toLongLong()].second)
                    seen[words[1].toLongLong()] = {seen[words[1].toLongLong()].second, words[2].toInt()};
            }
            const QByteArray where = "kill " + QByteArray::number(kill) + " of seed " + QByteArray::number(seed);
            const Project project(file.toStdString(), Project::Open::Read);
            for (const std::string &problem : project.check())
                QFAIL((where + ": " + problem.c_str()).constData());
            const ProjectContents contents = contents_of(project);
            QVERIFY2(contents.problems.empty(), where.constData());
            for (const auto &[run, done] : seen) {
                const auto result = contents.results.find(run);
                const int there = result == contents.results.end() ? 0 : exact_cells(*result->second);
                late += done.second > there;
                cells += there;
                QVERIFY2(there >= done.first,
                         qPrintable(QStringLiteral("%1: run %2 has %3 cells of %4 that were shown, then %5")
                                        .arg(QString::fromUtf8(where))
                                        .arg(run)
                                        .arg(there)
                                        .arg(done.first)
                                        .arg(done.second)));
            }
        }
        qInfo("%d kills, %d cells found; the last chunk was on its way to the disk %d times", kills, cells, late);
    }
};

int main(int argc, char **argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    if (qEnvironmentVariableIsEmpty("QTEST_FUNCTION_TIMEOUT"))
        qputenv("QTEST_FUNCTION_TIMEOUT", "7200000"); // the long form
    QApplication app(argc, argv);
    if (argc == 4 && qstrcmp(argv[1], "--act") == 0) {
        Act act(QString::fromLocal8Bit(argv[2]), QByteArray(argv[3]).toUInt());
        return QApplication::exec();
    }
    TestKilled test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_killed.moc"
