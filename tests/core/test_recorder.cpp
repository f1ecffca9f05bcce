// The recorder of a project: full disks, actions that fail, moves, kills.
#include "project/recorder.h"

#include "core/error_message.h"
#include "core/project_samples.h"
#include "io/array_files.h"
#include "project/detail/database.h"

#include <QTest>

#include <csignal>
#include <fstream>
#include <future>
#include <mutex>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace patchbay;
namespace fs = std::filesystem;

class TestRecorder : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path file(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)).toStdString(); }

private Q_SLOTS:
    // A small disk fills while a sweep is recorded: that is said once, the file stays readable, and when there is room
    // again everything is written.
    void aFullDiskLosesNothing()
    {
        if (geteuid() != 0)
            QSKIP("a small disk can be mounted by root only");
        const fs::path disk = file("disk");
        fs::create_directory(disk);
        if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=4m") != 0)
            QSKIP("no tmpfs can be mounted here");
        const auto unmount = qScopeGuard([&] { ::umount2(disk.c_str(), MNT_DETACH); });
        std::atomic<int> failures{0}, well{0};
        std::string reason;
        RunResult run = samples::empty_run(32, 32, 50);
        {
            Recorder recorder(Project(disk / "p.patchbay", Project::Open::Create),
                              [&](Recorder::News news, const std::string &said) {
                                  if (news == Recorder::News::Well) {
                                      ++well;
                                  } else {
                                      reason = said;
                                      ++failures;
                                  }
                              });
            std::ofstream(disk / "ballast") << std::string(5 << 20, 'x'); // as much as fits
            recorder.put([&](Project &project) { project.put(samples::row(1, run)); });
            const Tell tell = recorder.listener(1);
            tell(Started{run});
            for (int at = 0; at < 1024; at += 16)
                tell(samples::chunk(at, 16, 50));
            QVERIFY(!recorder.flush());
            QCOMPARE(failures.load(), 1);
            QVERIFY2(reason.find("full") != std::string::npos, reason.c_str());
            QVERIFY(recorder.waiting() > 0);
            QVERIFY(Project(disk / "p.patchbay", Project::Open::Read).check().empty());
            // Elsewhere there is room.
            recorder.with_project([&](Project &project) { QVERIFY(project.check().empty()); });
            fs::remove(disk / "ballast");
            QVERIFY(recorder.flush());
            QCOMPARE(failures.load(), 1);
            QCOMPARE(well.load(), 1);
        }
        apply(run, samples::chunk(0, 1024, 50));
        const RunResult read = *Project(disk / "p.patchbay", Project::Open::Read).result(1);
        QCOMPARE(read.grids[0].per_prompt, run.grids[0].per_prompt);
    }

    // What flush() says is of an attempt that began after it was asked, not of one that was on its way.
    void aFlushTriesAgain()
    {
        Recorder recorder(Project(file("again.patchbay"), Project::Open::Create), {});
        std::atomic<bool> reachable{false};
        for (int i = 0; i < 300; ++i) {
            reachable = false;
            recorder.put([&reachable, i](Project &project) {
                if (!reachable)
                    throw detail::OutOfReach("disk", "is full");
                project.put_state("place", std::to_string(i));
            });
            recorder.with_project([](Project &) {}); // tries, in vain
            reachable = true;
            QVERIFY2(recorder.flush(), qPrintable(QString::number(i)));
        }
    }

    // An action that cannot be carried out is told of and left out; those beside and after it are written.
    void anActionThatFailsIsLeftOut()
    {
        std::mutex mutex;
        std::vector<std::string> lost;
        Recorder recorder(Project(file("fails.patchbay"), Project::Open::Create),
                          [&](Recorder::News news, const std::string &reason) {
                              const std::lock_guard hold(mutex);
                              QVERIFY(news == Recorder::News::Lost);
                              lost.push_back(reason);
                          });
        std::promise<void> go;
        recorder.put([future = go.get_future().share()](Project &) { future.wait(); }); // the others wait together
        recorder.put([](Project &project) { project.put_state("a", "1"); });
        recorder.put([](Project &) { throw Error("action", "cannot be done"); });
        recorder.put([](Project &project) { project.put_state("b", "2"); });
        recorder.put([](Project &) { throw std::runtime_error("nor this"); });
        go.set_value();
        QVERIFY(recorder.flush());
        recorder.put([](Project &project) { project.put_state("c", "3"); });
        QVERIFY(recorder.flush());
        recorder.with_project([](Project &project) {
            QCOMPARE(*project.state("a") + *project.state("b") + *project.state("c"), std::string("123"));
        });
        const std::lock_guard hold(mutex);
        QCOMPARE(lost, (std::vector<std::string>{"action: cannot be done", "nor this"}));
    }

    void theRecorderMoves()
    {
        Recorder recorder(Project(file("here.patchbay"), Project::Open::Create), {});
        recorder.put([](Project &project) { project.put_state("a", "1"); });
        recorder.move_to(file("there.patchbay"));
        recorder.put([](Project &project) { project.put_state("b", "2"); });
        QVERIFY(recorder.flush());
        const Project there(file("there.patchbay"), Project::Open::Read);
        QCOMPARE(*there.state("a"), std::string("1"));
        QCOMPARE(*there.state("b"), std::string("2"));
        QVERIFY(!Project(file("here.patchbay"), Project::Open::Read).state("b"));
        QVERIFY(error_message_of([&] { recorder.move_to(file("here.patchbay")); }) != "no error");
    }

    void ofTheSameKeyTheNewestCounts()
    {
        Recorder recorder(Project(file("keys.patchbay"), Project::Open::Create), {});
        std::atomic<int> written{0};
        std::promise<void> go;
        recorder.put([future = go.get_future().share()](Project &) { future.wait(); });
        for (int i = 0; i < 100; ++i)
            recorder.put(
                [&written, i](Project &project) {
                    ++written;
                    project.put_state("place", std::to_string(i));
                },
                "place");
        go.set_value();
        QVERIFY(recorder.flush());
        QVERIFY(written <= 2);
        recorder.with_project([](Project &project) { QCOMPARE(*project.state("place"), std::string("99")); });
    }

    // Killed at any moment, the file is whole and has every chunk but the last. PATCHBAY_KILLS says how often.
    void killedAtAnyMoment()
    {
        const int kills = std::max(1, qEnvironmentVariableIntValue("PATCHBAY_KILLS"));
        const int rounds = qEnvironmentVariableIsSet("PATCHBAY_KILLS") ? kills : 8;
        srand(20);
        for (int round = 0; round < rounds; ++round) {
            const fs::path path = file(("kill-" + std::to_string(round)).c_str()).string() + project_suffix;
            int told[2];
            QVERIFY(::pipe(told) == 0);
            const int stop_at = rand() % 60;
            const useconds_t after = useconds_t(rand() % 3000);
            const pid_t child = ::fork();
            if (child == 0)
                record_for_ever(path, told[1]);
            ::close(told[1]);
            int finished = -1, at = -1; // chunks that flush() has called written
            while (finished < stop_at && ::read(told[0], &at, sizeof(at)) == sizeof(at))
                finished = at;
            ::usleep(after);
            ::kill(child, SIGKILL);
            while (::read(told[0], &at, sizeof(at)) == sizeof(at)) // it may have gone on meanwhile
                finished = at;
            ::close(told[0]);
            int status = 0;
            ::waitpid(child, &status, 0);
            QVERIFY(WIFSIGNALED(status));
            Project project(path, Project::Open::Write);
            QCOMPARE(project.check(), std::vector<std::string>());
            const RunResult read = *project.result(1);
            for (int cell = 0; cell < 4 * finished; ++cell) {
                QVERIFY(read.grids[0].state[size_t(cell)] == CellState::Exact);
                QCOMPARE(read.grids[0].cell(cell)[1], float(cell) + 0.001f);
            }
        }
    }

private:
    // Chunks, edits and saves, as a window makes them; each chunk is told of when it is on disk.
    [[noreturn]] static void record_for_ever(const fs::path &path, int told)
    {
        Recorder recorder(Project(path, Project::Open::Create), {});
        const RunResult run = samples::empty_run(64, 64);
        recorder.put([&](Project &project) { project.put(samples::row(1, run)); });
        const Tell tell = recorder.listener(1);
        tell(Started{run});
        recorder.flush();
        for (int at = 0;; ++at) {
            if (::write(told, &at, sizeof(at)) != sizeof(at))
                ::pause();
            if (at < 1024)
                tell(samples::chunk(4 * at, 4));
            recorder.put([at](Project &project) { project.put_state("place", std::to_string(at)); }, "place");
            recorder.put([at](Project &project) {
                project.put(ProjectNote{"head", "L1H" + std::to_string(at % 7), "note", std::to_string(at)});
            });
            if (at % 10 == 9)
                recorder.with_project([&](Project &project) {
                    std::error_code ignored;
                    fs::remove(path.string() + ".copy", ignored);
                    project.copy_to(path.string() + ".copy");
                });
            recorder.flush();
        }
    }
};

QTEST_GUILESS_MAIN(TestRecorder)
#include "test_recorder.moc"
