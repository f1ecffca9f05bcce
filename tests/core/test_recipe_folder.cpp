// A recipe in a folder is a run like any other: stopped anywhere it goes on where it was and ends with the same bytes,
// nothing is computed twice, and what is damaged or of something else never gets in.
#include "analysis/recipe.h"
#include "error_message.h"
#include "io/array_files.h"
#include "model/model.h"
#include "task/task_source.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <map>
#include <random>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

json run_step(const char *id, const json &spec)
{
    return {{"id", id}, {"title", id}, {"kind", "run"}, {"spec", spec}};
}

// Sweeps that share sites, a choice, a path patch into what it finds, and roles, which needs most of it again.
Recipe short_recipe()
{
    json steps = json::array();
    steps.push_back({{"id", "base"}, {"title", "Baseline"}, {"kind", "baseline"}});
    steps.push_back(run_step("outputs", {{"method", "act_patch"}, {"direction", "denoise"}, {"sites", {"z"}}}));
    steps.push_back(run_step("both", {{"method", "act_patch"}, {"direction", "denoise"}, {"sites", {"pattern", "z"}}}));
    steps.push_back(run_step("direct",
                             {{"method", "path_patch"},
                              {"direction", "noise"},
                              {"senders", {{"sweep", "z"}}},
                              {"receivers", "final_residual"}}));
    steps.push_back(
        run_step("copying", {{"method", "analysis"}, {"analysis", "copy-scores"}, {"options", {{"threshold", 75}}}}));
    steps.push_back(run_step("looking", {{"method", "analysis"}, {"analysis", "attention"}}));
    steps.push_back({{"id", "movers"},
                     {"title", "Movers"},
                     {"kind", "select"},
                     {"criteria",
                      {{{"from", "direct"}, {"quantity", "path"}, {"at_most", -2}},
                       {{"from", "copying"}, {"quantity", "copy.positive"}, {"at_least", 75}},
                       {{"from", "looking"}, {"quantity", "attention.end_to_io"}, {"at_least", 0.3}}}}});
    steps.push_back(run_step("queries",
                             {{"method", "path_patch"},
                              {"direction", "noise"},
                              {"senders", {{"sweep", "z"}}},
                              {"receivers", {{{"from", "movers"}, {"site", "q"}}}}}));
    steps.push_back(run_step("roles", {{"method", "analysis"}, {"analysis", "roles"}}));
    steps.push_back({{"id", "circuit"},
                     {"title", "Circuit"},
                     {"kind", "circuit"},
                     {"roles", {{"from", "roles"}}},
                     {"edges", {{{"from", "movers"}}}}});
    return recipe_from_json(
        {{"format", "patchbay-recipe"}, {"version", 1}, {"name", "short"}, {"title", "Short"}, {"steps", steps}},
        "short");
}

/// Every file below a folder but the durations, by its name.
std::map<std::string, std::string> contents(const fs::path &folder)
{
    std::map<std::string, std::string> files;
    for (const auto &entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file() && entry.path().filename() != "timings.json")
            files[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    return files;
}

void compare(const fs::path &folder, const fs::path &expected)
{
    const auto is = contents(folder), should = contents(expected);
    for (const auto &[file, bytes] : should) {
        QVERIFY2(is.contains(file), file.c_str());
        QVERIFY2(is.at(file) == bytes, (file + " has other bytes").c_str());
    }
    QCOMPARE(is.size(), should.size());
}

class TestRecipeFolder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_task.prompts = 20;
        m_loaded = Model::load({demo_model_path(), {}, false});
        PromptBatch batch = load_batch(m_task, *m_loaded);
        m_task.sha256 = hash_of(batch);
        m_session = std::make_unique<Session>(m_loaded, std::move(batch));
        RecipeRun whole = begin("whole");
        whole.run_all();
        QVERIFY(whole.known().computed_cells() > 0);
        QVERIFY(!fs::exists(at("whole") / "parts"));
    }

    void stoppedAnywhereItGoesOnToTheSameBytes()
    {
        std::mt19937 random(20261126);
        for (int round = 0; round < 2; ++round) {
            const std::string folder = "stopped" + std::to_string(round);
            int stops = 0, cells = 0;
            for (bool finished = false; !finished;) {
                RecipeRun run = begin(folder);
                CancelToken cancel;
                // The first time soon, so that at least one stop falls into the first sweep.
                int events = stops == 0 ? 1 + int(random() % 5) : 1 + int(random() % 60);
                RunObserver observer;
                observer.tell = on_progress([&](int, int) {
                    if (--events == 0)
                        cancel.cancel();
                });
                try {
                    run.run_all({}, observer, cancel);
                    finished = true;
                } catch (const Cancelled &) {
                    ++stops;
                }
                cells += run.known().computed_cells();
                QVERIFY(stops < 1000);
            }
            QVERIFY(stops > 0);
            compare(at(folder), at("whole"));
            // What was computed before a stop was not computed after it.
            RecipeRun alone(*m_session, short_recipe(), m_model, m_task);
            alone.run_all();
            QCOMPARE(cells, alone.known().computed_cells());
        }
    }

    void aSweepStoppedBetweenChunksEndsBitForBit()
    {
        for (const Method &method : {Method(ActPatch()), Method(direct())}) {
            const RunSpec spec = spec_of(method);
            const RunResult whole = m_session->run(spec);
            for (int parts = 1; parts < 6; ++parts) {
                auto first = m_session->begin(spec);
                for (int i = 0; i < parts; ++i)
                    first->step();
                const RunResult stopped = first->result();
                RunObserver again;
                again.resume = &stopped;
                const RunResult rest = m_session->run(spec, again);
                QVERIFY(rest.complete);
                QCOMPARE(rest.flops, whole.flops);
                QVERIFY(rest.grids.front().per_prompt == whole.grids.front().per_prompt);
            }
        }
    }

    void nothingIsComputedTwice()
    {
        // The arithmetic of the shipped recipe's sweeps, each for itself as its step and the roles ask for it.
        const Recipe recipe = load_recipe("ioi-circuit");
        RecipeRun run(*m_session, recipe, m_model, m_task);
        run.run_all();
        double apart = 0;
        RunSpec last_direct, last_queries;
        for (size_t i = 0; i < recipe.steps.size(); ++i)
            if (const RunResultPtr &result = run.outcomes()[i].result; result && !result->grids.empty())
                apart += m_session->run(result->spec).flops;
        for (const char *id : {"direct", "name-mover-queries"}) // which the roles measure, too
            for (size_t i = 0; i < recipe.steps.size(); ++i)
                if (recipe.steps[i].id == id)
                    apart += m_session->run(run.outcomes()[i].result->spec).flops;
        const double together = run.known().computed_flops();
        QVERIFY2(together > 0 && together <= 0.75 * apart,
                 qPrintable(QStringLiteral("%1 of %2").arg(together).arg(apart)));
        qInfo("computed %.1f of %.1f GFLOP: %.0f %%", together / 1e9, apart / 1e9, 100 * together / apart);
    }

    void severalSitesAreTheSitesOneByOne()
    {
        RecipeRun first(*m_session, short_recipe(), m_model, m_task),
            second(*m_session, short_recipe(), m_model, m_task);
        first.run(1);
        first.run(2);
        second.run(2); // without the one that it shares a site with
        QVERIFY(first.outcomes()[2].result->grids[1].per_prompt == second.outcomes()[2].result->grids[1].per_prompt);
        QCOMPARE(first.outcomes()[2].result->flops, second.outcomes()[2].result->flops);
        QVERIFY(second.known().computed_flops() == first.known().computed_flops());
    }

    void whatIsDamagedIsComputedAgain_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("keep"); // bytes; -1: one byte is another
        QTest::newRow("cut off") << "02-outputs.safetensors" << 1000;
        QTest::newRow("empty") << "03-both.safetensors" << 0;
        QTest::newRow("one byte") << "04-direct.safetensors" << -1;
        QTest::newRow("an analysis") << "05-copying.safetensors" << -1;
        QTest::newRow("index cut off") << "recipe.json" << 2000;
        QTest::newRow("index empty") << "recipe.json" << 0;
    }

    void whatIsDamagedIsComputedAgain()
    {
        QFETCH(QString, file);
        QFETCH(int, keep);
        const std::string folder = std::string("damaged-") + QTest::currentDataTag();
        copy("whole", folder);
        const fs::path path = at(folder) / file.toStdString();
        std::string bytes = read_file(path);
        if (keep < 0)
            bytes[bytes.size() - 7] = char(bytes[bytes.size() - 7] ^ 1);
        else
            bytes.resize(size_t(keep));
        write_file(path, bytes);
        RecipeRun run = begin(folder);
        QVERIFY2(notes().contains(QStringLiteral("computed again")), qPrintable(notes()));
        QVERIFY2(notes().contains(file), qPrintable(notes()));
        run.run_all();
        compare(at(folder), at("whole"));
    }

    void halfWrittenPartsAreComputedAgain()
    {
        for (int stop = 1; stop < 10 && !fs::exists(at("half") / "parts"); ++stop) {
            RecipeRun run = begin("half");
            CancelToken cancel;
            RunObserver observer;
            int events = stop;
            observer.tell = on_progress([&](int, int) {
                if (--events == 0)
                    cancel.cancel();
            });
            QVERIFY_EXCEPTION_THROWN(run.run_all({}, observer, cancel), Cancelled);
        }
        int parts = 0;
        for (const auto &entry : fs::directory_iterator(at("half") / "parts")) {
            ++parts;
            std::string bytes = read_file(entry.path());
            bytes.resize(bytes.size() / 2);
            write_file(entry.path(), bytes);
        }
        QCOMPARE(parts, 1);
        write_file(at("half") / "parts" / "0.safetensors.part-1-1", "left by a write that was cut off");
        RecipeRun run = begin("half");
        run.run_all();
        QVERIFY2(notes().contains(QStringLiteral("computed again")), qPrintable(notes()));
        compare(at("half"), at("whole"));
    }

    void anotherSpecificationIsComputedAgain()
    {
        copy("whole", "edited");
        Recipe recipe = short_recipe();
        json file = to_json(recipe);
        file["steps"][3]["spec"]["direction"] = "denoise";
        recipe = recipe_from_json(file, "short");
        RecipeRun run(*m_session, recipe, m_model, m_task);
        keep(run, "edited");
        QVERIFY2(notes().contains(QStringLiteral("04-direct.safetensors: is of another specification")),
                 qPrintable(notes()));
        QVERIFY(run.outcomes()[1].kept && run.outcomes()[2].kept && !run.outcomes()[3].kept);
        run.run_all();
        QVERIFY(run.outcomes()[3].result->spec.as<PathPatch>()->direction == Direction::Denoise);
        RecipeRun fresh(*m_session, recipe, m_model, m_task);
        keep(fresh, "edited-fresh");
        fresh.run_all();
        compare(at("edited"), at("edited-fresh"));
    }

    void othersResultsAreRefused()
    {
        copy("whole", "others");
        TaskRef task = m_task;
        task.seed = 7;
        PromptBatch batch = load_batch(task, *m_loaded);
        task.sha256 = hash_of(batch);
        Session other(m_loaded, std::move(batch));
        RecipeRun run(other, short_recipe(), m_model, task);
        VERIFY_MESSAGE((keep(run, "others"), 0), "holds results of another task");
        compare(at("others"), at("whole"));

        json file = to_json(short_recipe());
        file["name"] = "longer";
        RecipeRun renamed(*m_session, recipe_from_json(file, "longer"), m_model, m_task);
        VERIFY_MESSAGE((keep(renamed, "others"), 0), "holds results of another recipe, \"short\"");

        json index = json::parse(read_file(at("others") / "recipe.json"));
        index["model"] = {{"path", "elsewhere"}, {"sha256", "00"}};
        write_file(at("others") / "recipe.json", index.dump());
        RecipeRun again(*m_session, short_recipe(), m_model, m_task);
        VERIFY_MESSAGE((keep(again, "others"), 0), "holds results of another model, \"elsewhere\"");
        RecipeRun anew(*m_session, short_recipe(), m_model, m_task);
        keep(anew, "others", 0);
        anew.run_all();
        compare(at("others"), at("whole"));
    }

    void aFolderIsOneProcesss()
    {
        RecipeRun first = begin("shared");
        RecipeRun second(*m_session, short_recipe(), m_model, m_task);
        VERIFY_MESSAGE((keep(second, "shared"), 0), "is being written into by another recipe");
    }

    void stepsFromOneOnAreComputedAgain()
    {
        copy("whole", "from");
        RecipeRun run(*m_session, short_recipe(), m_model, m_task);
        keep(run, "from", 3);
        for (size_t i = 0; i < run.outcomes().size(); ++i)
            QCOMPARE(run.outcomes()[i].kept, i < 3);
        run.run_all();
        QVERIFY(run.known().computed_cells() > 0);
        compare(at("from"), at("whole"));
    }

    void whatIsLeftFallsToNothing()
    {
        RecipeRun run(*m_session, short_recipe(), m_model, m_task);
        std::vector<size_t> all;
        for (size_t i = 0; i < run.recipe().steps.size(); ++i)
            all.push_back(i);
        double left = run.work_left(all);
        QVERIFY(left > 0);
        QCOMPARE(run.work_left({0}), 0.0);
        QVERIFY(run.work_left({1}) < left);
        for (const size_t step : all) {
            run.run(step);
            QVERIFY(run.work_left(all) <= left);
            left = run.work_left(all);
        }
        QCOMPARE(left, 0.0);
    }

private:
    static PathPatch direct()
    {
        PathPatch path;
        path.direction = Direction::Noise;
        path.receivers.nodes = {{Site::ResidPost, 5}};
        return path;
    }
    fs::path at(const std::string &folder) const { return fs::path(m_folder.path().toStdString()) / folder; }
    void copy(const std::string &from, const std::string &to) const
    {
        fs::copy(at(from), at(to), fs::copy_options::recursive);
    }
    void keep(RecipeRun &run, const std::string &folder, size_t again = SIZE_MAX)
    {
        m_notes.clear();
        run.keep_in(
            at(folder), [this](const std::string &text) { m_notes << QString::fromStdString(text); }, again);
    }
    RecipeRun begin(const std::string &folder)
    {
        RecipeRun run(*m_session, short_recipe(), m_model, m_task);
        keep(run, folder);
        return run;
    }
    QString notes() const { return m_notes.join(QLatin1Char('\n')); }

    QTemporaryDir m_folder;
    std::shared_ptr<const Model> m_loaded;
    std::unique_ptr<Session> m_session;
    ModelRef m_model;
    TaskRef m_task;
    QStringList m_notes;
};

} // namespace

QTEST_GUILESS_MAIN(TestRecipeFolder)
#include "test_recipe_folder.moc"
