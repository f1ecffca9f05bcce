// Project files: what happens is in them, in any state that the program may end in.
#include "project/project.h"

#include "core/project_samples.h"
#include "io/array_files.h"
#include "project/detail/database.h"
#include "project/detail/schema.h"
#include "project/recorder.h"

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

namespace {

/// Empty where nothing is thrown.
std::string error_message(const std::function<void()> &call)
{
    try {
        call();
    } catch (const Error &error) {
        return error.what();
    }
    return {};
}

} // namespace

class TestProject : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path file(const char *name) const { return m_folder.filePath(QString::fromLatin1(name)).toStdString(); }

    static bool same(const RunResult &a, const RunResult &b)
    {
        const auto arrays = [](const RunResult &result) {
            ArrayMap out = to_arrays(result);
            for (auto &[name, array] : out) // NaN equals NaN here
                if (array.is_float())
                    for (float &value : array.floats())
                        value = std::isnan(value) ? -12345.f : value;
            return out;
        };
        const ArrayMap x = arrays(a), y = arrays(b);
        return a.spec == b.spec && a.complete == b.complete && a.flops == b.flops && a.seconds == b.seconds
            && a.summary == b.summary && a.first_exact_seconds == b.first_exact_seconds
            && a.grids.size() == b.grids.size()
            && std::equal(x.begin(), x.end(), y.begin(), y.end(),
                          [](const auto &p, const auto &q) {
                              return p.first == q.first && p.second.shape == q.second.shape
                                  && p.second.values == q.second.values;
                          })
            && std::equal(a.grids.begin(), a.grids.end(), b.grids.begin(),
                          [](const Grid &p, const Grid &q) { return p.state == q.state && p.flops == q.flops; });
    }

private Q_SLOTS:
    void aRunComesBackAsItsEventsMadeIt()
    {
        Project project(file("run.patchbay"), Project::Open::Create);
        RunResult expected = samples::empty_run();
        project.put(samples::row(1, expected));
        QVERIFY(!project.result(1));
        RunEnd end;
        end.complete = true;
        end.seconds = 1.5;
        end.summary = {{"what", "ever"}};
        end.arrays["dla"] = {{2}, std::vector<float>{1, 2}};
        Cells estimates;
        estimates.state = CellState::Estimated;
        estimates.cells = {0, 11};
        estimates.estimates = {0.5f, -0.25f};
        for (const Event &event :
             std::vector<Event>{Started{expected}, estimates, samples::chunk(0, 5), samples::chunk(5, 7), Done{end}}) {
            project.hear(1, event);
            apply(expected, event);
            QVERIFY(same(*project.result(1), expected));
        }
        QVERIFY(project.check().empty());
        Project(file("copy-source.patchbay"), Project::Open::Create);
        project.copy_to(file("copied.patchbay"));
        QVERIFY(same(*Project(file("copied.patchbay"), Project::Open::Read).result(1), expected));
        QVERIFY(!error_message([&] { project.copy_to(file("copied.patchbay")); }).empty());
    }

    void aWholeResultComesBack()
    {
        RunResult result = samples::empty_run();
        apply(result, samples::chunk(2, 6));
        Cells estimates;
        estimates.state = CellState::Estimated;
        estimates.cells = {0, 3};
        estimates.estimates = {0.5f, 0.75f};
        apply(result, estimates);
        result.arrays["mean"] = {{1, 2}, std::vector<float>{1, 2}};
        result.seconds = 2;
        Project project(file("whole.patchbay"), Project::Open::Create);
        project.put(samples::row(7, result));
        project.put_result(7, result);
        QVERIFY(same(*project.result(7), result));
        project.put_result(7, result); // replaces
        QVERIFY(same(*project.result(7), result));
    }

    void aRunThatGoesOnKeepsItsCells()
    {
        Project project(file("on.patchbay"), Project::Open::Create);
        RunResult expected = samples::empty_run();
        project.put(samples::row(1, expected));
        project.hear(1, Started{expected});
        project.hear(1, samples::chunk(0, 4));
        project.hear(1, Started{expected});
        QVERIFY(project.result(1)->grids[0].state[3] == CellState::Exact); // ended right here, they are not lost
        project.hear(1, samples::chunk(0, 4, 5, -1));                      // those that it had
        project.hear(1, samples::chunk(4, 8));
        apply(expected, samples::chunk(0, 12));
        QVERIFY(same(*project.result(1), expected));
        // Another sweep under the same number begins anew.
        project.hear(1, Started{samples::empty_run(2, 2)});
        QVERIFY(project.result(1)->grids[0].state[0] == CellState::Missing);
    }

    void everythingElseComesBack()
    {
        const RunResult result = samples::empty_run();
        Stability stable{3, 100, {0.5, NAN}, {1, 0}, {2, 0}, 0.125};
        {
            Project project(file("else.patchbay"), Project::Open::Create);
            project.put(samples::row(1, result));
            project.put(samples::row(2, result, "done"));
            project.put_intervals(2, {{{"denoise.z", {0.1, NAN, 1e-300}}}, {{"denoise.z", stable}}});
            project.put_thumbnail(2, std::string("\x89PNG\0\n", 6));
            ModelRef model{.path = "/some/where", .commit = {}, .sha256 = "abc", .processing = {}};
            model.processing.fold_ln = false;
            project.put(model);
            TaskRef task;
            task.sha256 = "def";
            project.put(ProjectTask{task, nlohmann::json::array({{{"clean", "a"}, {"flipped", "b"}}})});
            project.put(ProjectCircuit{"mine", "heads", "abc", {"L0H1", "L2H3"}});
            project.put(ProjectSeries{"/steps", {{"step", 3}}});
            project.put_state("layout", std::string("\0\1\2", 3));
            project.put_state("layout", std::string("\0\1\3", 3));
            project.put(ProjectNote{"head", "L9H6", "moves names", "2026-11-27T09:00:00"});
            project.put(ProjectNote{"run", "2", "gone soon", "2026-11-27T09:00:00"});
            project.put(ProjectNote{"run", "2", "", ""});
            project.add(
                {.time = "2026-11-27T09:00:00", .sentence = "Ran a sweep", .command = "patchbay-cli", .run = 2});
            project.add({.time = "2026-11-27T09:00:01", .sentence = "Selected L9H6"});
        }
        const Project project(file("else.patchbay"), Project::Open::Read);
        QCOMPARE(project.runs().size(), size_t(2));
        QCOMPARE(project.runs()[0].name, std::string("Run 2"));
        QCOMPARE(project.runs()[0].state, std::string("done"));
        QVERIFY(project.runs()[0].spec == result.spec);
        QCOMPARE(project.intervals(2).half_widths.at("denoise.z")[2], 1e-300);
        QVERIFY(std::isnan(project.intervals(2).half_widths.at("denoise.z")[1]));
        QCOMPARE(project.intervals(2).stabilities.at("denoise.z").worst_rank, stable.worst_rank);
        QCOMPARE(project.intervals(2).stabilities.at("denoise.z").split_half, 0.125);
        QCOMPARE(project.thumbnail(2).size(), size_t(6));
        QVERIFY(!project.models()[0].processing.fold_ln);
        QCOMPARE(project.tasks()[0].pairs.size(), size_t(1));
        QCOMPARE(project.tasks()[0].task.sha256, std::string("def"));
        QCOMPARE(project.circuits()[0].body.size(), size_t(2));
        QCOMPARE(project.series()[0].body.at("step").get<int>(), 3);
        QCOMPARE(*project.state("layout"), std::string("\0\1\3", 3));
        QVERIFY(!project.state("nothing"));
        QCOMPARE(project.notes().size(), size_t(1));
        QCOMPARE(project.history().size(), size_t(2));
        QCOMPARE(project.history()[0].run, int64_t(2));
        QCOMPARE(project.history()[1].run, int64_t(-1));
    }

    // The first version, as it was written; the file in the data folder was made by this function.
    void versionOneIsBroughtUp()
    {
        const fs::path made = file("one.patchbay");
        {
            const detail::Database database(made, detail::Database::Access::Create);
            detail::make_schema(database, 1);
            detail::Statement row = database.prepare("INSERT INTO run (id, name, spec, state, started) VALUES (?1, ?2,"
                                                     " ?3, 'stopped', '2026-11-27T09:00:00')");
            row.bind(1, 3).bind(2, "Old").bind(3, to_json(samples::empty_run().spec).dump()).run();
        }
        const fs::path kept = fs::path(PATCHBAY_SOURCE_DIR) / "tests/data/project/version-1.patchbay";
        if (qEnvironmentVariableIsSet("PATCHBAY_WRITE_DATA"))
            fs::copy_file(made, kept, fs::copy_options::overwrite_existing);
        fs::copy_file(kept, file("kept.patchbay"));
        for (const fs::path &old : {made, file("kept.patchbay")}) {
            QCOMPARE(Project(old, Project::Open::Read).schema(), 1); // as it is
            QVERIFY(Project(old, Project::Open::Read).notes().empty());
            Project project(old, Project::Open::Write);
            QCOMPARE(project.schema(), detail::newest_schema());
            QCOMPARE(project.runs().at(0).name, std::string("Old"));
            project.put(ProjectNote{"run", "3", "still here", "now"});
            QCOMPARE(project.notes().size(), size_t(1));
        }
    }

    void aNewerOneIsRefused()
    {
        const fs::path path = file("newer.patchbay");
        {
            Project project(path, Project::Open::Create);
            project.put(samples::row(1, samples::empty_run()));
        }
        const int later = detail::newest_schema() + 1;
        detail::Database(path, detail::Database::Access::Write)
            .execute("PRAGMA user_version = " + std::to_string(later));
        const std::string said = error_message([&] { Project(path, Project::Open::Write); });
        QVERIFY2(said.find("later version") != std::string::npos, said.c_str());
        QVERIFY(said.find(path.string()) != std::string::npos);
        QVERIFY_EXCEPTION_THROWN(Project(path, Project::Open::Read), NewerProject);
        Project project(path, Project::Open::ReadNewer);
        QCOMPARE(project.runs().size(), size_t(1));
        QVERIFY(!error_message([&] { project.remove_run(1); }).empty());
    }

    void oneWritesAndOthersRead()
    {
        const fs::path path = file("two.patchbay");
        Project first(path, Project::Open::Create);
        QVERIFY_EXCEPTION_THROWN(Project(path, Project::Open::Write), ProjectInUse);
        Project second(path, Project::Open::Read);
        first.put(samples::row(1, samples::empty_run()));
        QCOMPARE(second.runs().size(), size_t(1)); // sees what the first one writes
        first = Project(file("another.patchbay"), Project::Open::Create);
        Project third(path, Project::Open::Write);
    }

    void whatIsNoProjectIsSaid_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray(5000, 'x');
        QTest::newRow("header only") << QByteArray("SQLite format 3\0", 16);
    }
    void whatIsNoProjectIsSaid()
    {
        QFETCH(QByteArray, bytes);
        const fs::path path = file("none.patchbay");
        std::ofstream(path, std::ios::binary) << bytes.toStdString();
        for (const auto how : {Project::Open::Write, Project::Open::Read}) {
            const std::string said = error_message([&] { Project(path, how); });
            QVERIFY2(said.find("not a") != std::string::npos, said.c_str());
        }
        QVERIFY(error_message([&] { Project(file("absent.patchbay"), Project::Open::Read); }).find("no such file")
                != std::string::npos);
    }

    void aDamagedOneIsReadAsFarAsItGoes()
    {
        const fs::path path = file("damaged.patchbay");
        {
            Project project(path, Project::Open::Create);
            for (int64_t id = 1; id <= 40; ++id) {
                const RunResult run = samples::empty_run(8, 8);
                project.put(samples::row(id, run));
                project.hear(id, Started{run});
                for (int at = 0; at < 64; at += 8)
                    project.hear(id, samples::chunk(at, 8));
            }
            project.put(ProjectNote{"head", "L1H1", "kept", "now"});
        }
        std::string bytes = read_file(path);
        std::fill_n(bytes.begin() + std::ptrdiff_t(bytes.size() / 2), 8192, char(0x5a));
        write_file(path, bytes);
        const std::vector<std::string> lost = recover_project(path, file("recovered.patchbay"));
        QVERIFY(!lost.empty());
        const Project project(file("recovered.patchbay"), Project::Open::Read);
        QVERIFY(project.check().empty());
        QVERIFY2(project.runs().size() >= 20, std::to_string(project.runs().size()).c_str());
        QCOMPARE(project.notes().size(), size_t(1));
        int whole = 0;
        for (const ProjectRun &run : project.runs())
            whole += project.result(run.id) && project.result(run.id)->grids[0].state[63] == CellState::Exact;
        QVERIFY2(whole >= 10, std::to_string(whole).c_str());
    }

    // Sizes and places in a file from elsewhere are no promise.
    void whatDoesNotFitIsRefused()
    {
        const fs::path path = file("lies.patchbay");
        Project project(path, Project::Open::Create);
        const RunResult run = samples::empty_run();
        const auto with = [&](const Cells &event) {
            project.put(samples::row(1, run));
            project.hear(1, Started{run});
            project.hear(1, event);
            const std::string said = error_message([&] { project.result(1); });
            project.remove_run(1);
            return said;
        };
        QCOMPARE(with(samples::chunk(0, 12)), std::string());
        QVERIFY(!with(samples::chunk(10, 5)).empty());
        QVERIFY(!with(samples::chunk(-1, 2)).empty());
        QVERIFY(!with(samples::chunk(0, 2, 4)).empty());
        Cells other = samples::chunk(0, 2);
        other.grid = 1;
        QVERIFY(!with(other).empty());
        RunResult huge = run;
        huge.grids[0].shape = {1000000, 1000000};
        project.put(samples::row(1, run));
        project.hear(1, Started{huge});
        QVERIFY(error_message([&] { project.result(1); }).find("absurd") != std::string::npos);
        QCOMPARE(project.check().size(), size_t(1));
    }

    void aReadOnlyFolderIsRead()
    {
        const fs::path folder = file("still");
        fs::create_directory(folder);
        {
            Project project(folder / "p.patchbay", Project::Open::Create);
            project.put(samples::row(1, samples::empty_run()));
        }
        if (geteuid() == 0) { // permissions do not hold root back, a mount does
            if (::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) != 0)
                QSKIP("no bind mounts here");
            ::mount(nullptr, folder.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr);
        } else {
            fs::permissions(folder, fs::perms::owner_read | fs::perms::owner_exec);
        }
        const std::string said = error_message([&] { Project(folder / "p.patchbay", Project::Open::Write); });
        const std::string made = error_message([&] { Project(folder / "q.patchbay", Project::Open::Create); });
        size_t runs = 0;
        const std::string read =
            error_message([&] { runs = Project(folder / "p.patchbay", Project::Open::Read).runs().size(); });
        if (geteuid() == 0)
            ::umount(folder.c_str());
        else
            fs::permissions(folder, fs::perms::owner_all);
        QVERIFY2(said.find("nothing can be written beside it") != std::string::npos, said.c_str());
        QVERIFY(!made.empty());
        QCOMPARE(read, std::string());
        QCOMPARE(runs, size_t(1));
    }

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
        QVERIFY(!error_message([&] { recorder.move_to(file("here.patchbay")); }).empty());
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

    void anExportHoldsAll()
    {
        Project project(file("export.patchbay"), Project::Open::Create);
        RunResult run = samples::empty_run();
        project.put(samples::row(1, run));
        project.hear(1, Started{run});
        project.hear(1, samples::chunk(0, 12));
        project.put(ProjectNote{"run", "1", "good", "now"});
        export_project(project, file("exported"));
        apply(run, samples::chunk(0, 12));
        const RunResult read = load_result(file("exported") / "run-1.safetensors");
        QCOMPARE(read.grids[0].per_prompt, run.grids[0].per_prompt);
        const auto said = nlohmann::json::parse(read_file(file("exported") / "project.json"));
        QCOMPARE(said.at("runs").at(0).at("file").get<std::string>(), std::string("run-1.safetensors"));
        QCOMPARE(said.at("notes").at(0).at("text").get<std::string>(), std::string("good"));
        QVERIFY(!error_message([&] { export_project(project, file("exported")); }).empty());
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

QTEST_GUILESS_MAIN(TestProject)
#include "test_project.moc"
