// Project files: what happens is in them, in any state that the program may end in.
#include "project/project.h"

#include "core/error_message.h"
#include "core/project_samples.h"
#include "io/array_files.h"
#include "project/detail/database.h"
#include "project/detail/schema.h"

#include <QTest>

#include <fstream>
#include <sys/mount.h>
#include <unistd.h>

using namespace patchbay;
namespace fs = std::filesystem;

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
        QVERIFY(error_message_of([&] { project.copy_to(file("copied.patchbay")); }) != "no error");
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

    // One that itself writes several things, within others: all are one.
    void togetherWithinTogether()
    {
        Project project(file("within.patchbay"), Project::Open::Create);
        const RunResult result = samples::empty_run();
        project.together([&] {
            project.put(samples::row(1, result, "done"));
            project.put_result(1, result);
            project.put(ProjectNote{"run", "1", "What it is for", ""});
        });
        QCOMPARE(project.runs().size(), size_t(1));
        QCOMPARE(project.notes().size(), size_t(1));
        QVERIFY_EXCEPTION_THROWN(project.together([&] {
            project.put_result(1, result);
            project.put(ProjectNote{"run", "1", "Not kept", ""});
            throw Error("test", "ends");
        }),
                                 Error);
        QCOMPARE(project.notes().front().text, std::string("What it is for"));
        project.put(ProjectNote{"run", "1", "By itself", ""});
        QCOMPARE(project.notes().front().text, std::string("By itself"));
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
        const std::string said = error_message_of([&] { Project(path, Project::Open::Write); });
        QVERIFY2(said.find("later version") != std::string::npos, said.c_str());
        QVERIFY(said.find(path.string()) != std::string::npos);
        QVERIFY_EXCEPTION_THROWN(Project(path, Project::Open::Read), NewerProject);
        Project project(path, Project::Open::ReadNewer);
        QCOMPARE(project.runs().size(), size_t(1));
        QVERIFY(error_message_of([&] { project.remove_run(1); }) != "no error");
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

    // Not the copy that is looked at where the file itself cannot be opened.
    void aDamagedOneIsNamed()
    {
        const fs::path damaged = file("damaged-head.patchbay");
        {
            Project project(damaged, Project::Open::Create);
            project.put_state("a", "b");
        }
        std::fstream(damaged, std::ios::in | std::ios::out | std::ios::binary) << std::string(40, 'x');
        const std::string said = error_message_of([&] { Project(damaged, Project::Open::Read); });
        QVERIFY2(said.starts_with(damaged.string() + ": "), said.c_str());
    }

    void whatIsNoProjectIsSaid()
    {
        QFETCH(QByteArray, bytes);
        const fs::path path = file("none.patchbay");
        std::ofstream(path, std::ios::binary) << bytes.toStdString();
        for (const auto how : {Project::Open::Write, Project::Open::Read}) {
            const std::string said = error_message_of([&] { Project(path, how); });
            QVERIFY2(said.find("not a") != std::string::npos, said.c_str());
        }
        QVERIFY(error_message_of([&] { Project(file("absent.patchbay"), Project::Open::Read); }).find("no such file")
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
            const std::string said = error_message_of([&] { project.result(1); });
            project.remove_run(1);
            return said;
        };
        QCOMPARE(with(samples::chunk(0, 12)), std::string("no error"));
        QVERIFY(with(samples::chunk(10, 5)) != "no error");
        QVERIFY(with(samples::chunk(-1, 2)) != "no error");
        QVERIFY(with(samples::chunk(0, 2, 4)) != "no error");
        Cells other = samples::chunk(0, 2);
        other.grid = 1;
        QVERIFY(with(other) != "no error");
        RunResult huge = run;
        huge.grids[0].shape = {1000000, 1000000};
        project.put(samples::row(1, run));
        project.hear(1, Started{huge});
        QVERIFY(error_message_of([&] { project.result(1); }).find("absurd") != std::string::npos);
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
        const std::string said = error_message_of([&] { Project(folder / "p.patchbay", Project::Open::Write); });
        const std::string made = error_message_of([&] { Project(folder / "q.patchbay", Project::Open::Create); });
        size_t runs = 0;
        const std::string read =
            error_message_of([&] { runs = Project(folder / "p.patchbay", Project::Open::Read).runs().size(); });
        if (geteuid() == 0)
            ::umount(folder.c_str());
        else
            fs::permissions(folder, fs::perms::owner_all);
        QVERIFY2(said.find("nothing can be written beside it") != std::string::npos, said.c_str());
        QVERIFY(made != "no error");
        QCOMPARE(read, std::string("no error"));
        QCOMPARE(runs, size_t(1));
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
        QVERIFY(error_message_of([&] { export_project(project, file("exported")); }) != "no error");
    }
};

QTEST_GUILESS_MAIN(TestProject)
#include "test_project.moc"
