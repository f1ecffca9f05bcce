// Recipes: what is wrong with a file is said by file and step, a step without heads does not stop the others, and the
// shipped one finds its circuit.
#include "analysis/analysis.h"
#include "analysis/recipe.h"
#include "error_message.h"
#include "io/array_files.h"
#include "model/model.h"
#include "task/task_source.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>

#include <map>
#include <set>

using namespace patchbay;
using nlohmann::json;

namespace {

json recipe(const json &steps)
{
    return {{"format", "patchbay-recipe"}, {"version", 1}, {"name", "small"}, {"title", "Small"}, {"steps", steps}};
}

const json kBaseline{{"id", "base"}, {"title", "Baseline"}, {"kind", "baseline"}};
const json kCopying{{"id", "copying"},
                    {"title", "Copying"},
                    {"kind", "run"},
                    {"spec", {{"method", "analysis"}, {"analysis", "copy-scores"}}}};

json choice(const char *id, const char *from, double at_least)
{
    return {{"id", id},
            {"title", "Choice"},
            {"kind", "select"},
            {"criteria", {{{"from", from}, {"quantity", "copy.positive"}, {"at_least", at_least}}}}};
}

QStringList headsIn(const QString &text)
{
    static const QRegularExpression head(QStringLiteral("L\\d+H\\d+"));
    QStringList heads;
    for (auto it = head.globalMatch(text); it.hasNext();)
        heads << it.next().captured();
    return heads;
}

/// The heads that the demo model's README names: movers by name, S-inhibition heads by the columns of its table.
std::map<std::string, QStringList> namedHeads()
{
    QFile file(QStringLiteral(PATCHBAY_SOURCE_DIR "/resources/demo-model/README.md"));
    std::map<std::string, QStringList> named;
    if (!file.open(QIODevice::ReadOnly))
        return named;
    int queries = -1, s2 = -1;
    for (const QString &line : QString::fromUtf8(file.readAll()).split(QLatin1Char('\n'))) {
        if (line.startsWith(QStringLiteral("Name movers:")))
            named["name mover"] = headsIn(line);
        QStringList cells = line.split(QLatin1Char('|'));
        for (QString &cell : cells)
            cell = cell.remove(QLatin1Char('%')).replace(QChar(0x2212), QLatin1Char('-')).trimmed();
        if (cells.contains(QStringLiteral("head"))) {
            s2 = int(cells.indexOf(QStringLiteral("END\u2192S2")));
            for (int i = 0; i < cells.size(); ++i)
                queries = cells[i].startsWith(QStringLiteral("through movers")) ? i : queries;
        } else if (queries > 0 && s2 > 0 && cells.size() > std::max(queries, s2) && !headsIn(cells[1]).isEmpty()
                   && cells[queries].toDouble() <= -4
                   && cells[s2].toDouble() >= 0.33) { // clear of the recipe's thresholds: its prompts are others
            named["S-inhibition"] << cells[1];
        }
    }
    return named;
}

class TestRecipe : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_task.prompts = 70;
        const auto model = Model::load({demo_model_path(), {}, false});
        m_session = std::make_unique<Session>(model, load_batch(m_task, model->tokenizer()));
        m_model.path = "demo";
    }

    void errorsNameFileAndStep()
    {
        const auto read = [](const json &steps) { return recipe_from_json(recipe(steps), "my.json"); };
        VERIFY_MESSAGE(read(json::array({kBaseline, choice("high", "copying", 75)})),
                       "my.json: step \"high\" refers to \"copying\", which is not an earlier step");
        VERIFY_MESSAGE(read(json::array({kBaseline, kBaseline})), "my.json: two steps are called \"base\"");
        VERIFY_MESSAGE(read(json::array({kBaseline, {{"id", "x"}, {"title", "X"}, {"kind", "guess"}}})),
                       "my.json: step 2 is of kind \"guess\"");
        VERIFY_MESSAGE(read(json::array({{{"id", "x"}, {"title", "X"}, {"kind", "run"}}})),
                       "my.json: step 1 has no \"spec\"");
        VERIFY_MESSAGE(read(json::array({{{"title", "X"}, {"kind", "run"}}})), "my.json: step 1 has no \"id\"");
        VERIFY_MESSAGE(read(json::array()), "my.json: has no steps");
        VERIFY_MESSAGE(recipe_from_json(json{{"format", "other"}}, "my.json"), "my.json: is not a recipe");
        QTemporaryDir folder;
        const std::string broken = folder.filePath(QStringLiteral("broken.json")).toStdString();
        write_file(broken, "{\"format\": ");
        VERIFY_MESSAGE(load_recipe(broken), broken);
        VERIFY_MESSAGE(load_recipe(folder.filePath(QStringLiteral("absent.json")).toStdString()), "absent.json");
        VERIFY_MESSAGE(load_recipe("no-such-recipe"), "no-such-recipe");
    }

    void stepsThatFindNothingOrFailLeaveTheRest()
    {
        const json ablate{{"id", "ablate"},
                          {"title", "Ablate"},
                          {"kind", "run"},
                          {"spec", {{"method", "analysis"}, {"analysis", "ablate"}, {"heads", {{"from", "none"}}}}}};
        const json wrong{{"id", "wrong"},
                         {"title", "Wrong"},
                         {"kind", "run"},
                         {"spec", {{"method", "analysis"}, {"analysis", "ablate"}, {"heads", {"99.0"}}}}};
        RecipeRun run(*m_session,
                      recipe_from_json(recipe({kBaseline, kCopying, choice("none", "copying", 1000), ablate, wrong,
                                               choice("some", "copying", 0)}),
                                       "small"),
                      m_model, m_task);
        run.run_all();
        const auto &outcomes = run.outcomes();
        QVERIFY(outcomes[1].state == StepState::Done);
        QVERIFY(outcomes[2].state == StepState::Nothing);
        QCOMPARE(outcomes[2].message, std::string("No head has copy score ≥ 1000 %."));
        QVERIFY(outcomes[3].state == StepState::Nothing);
        QVERIFY2(outcomes[3].message.find("\"none\" found no head") != std::string::npos, outcomes[3].message.c_str());
        QVERIFY(outcomes[4].state == StepState::Failed);
        QVERIFY2(outcomes[4].message.find("L99H0") != std::string::npos, outcomes[4].message.c_str());
        QVERIFY(outcomes[5].state == StepState::Done);
        QVERIFY(outcomes[5].heads.size() > 10);
    }

    void havingNothingToDoIsNoFailure()
    {
        const json ablate{{"id", "ablate"},
                          {"title", "Ablate"},
                          {"kind", "run"},
                          {"spec", {{"method", "analysis"}, {"analysis", "ablate"}, {"heads", {{"from", "some"}}}}}};
        RecipeRun run(*m_session,
                      recipe_from_json(recipe({kCopying, choice("some", "copying", 1000), ablate}), "small"), m_model,
                      m_task);
        QVERIFY_EXCEPTION_THROWN(run.spec(2), NothingToDo);
        QVERIFY(run.run(2).state == StepState::Nothing);
        QCOMPARE(run.outcomes()[2].message, std::string("Nothing to do: step \"some\" has not been run."));
        run.run(1); // its own source has not been run
        QVERIFY(run.outcomes()[1].state == StepState::Nothing);
        run.run_all();
        QVERIFY_EXCEPTION_THROWN(run.spec(2), NothingToDo);
        QVERIFY(run.run(2).state == StepState::Nothing);
        QVERIFY(run.outcomes()[2].message.find("found no head") != std::string::npos);
    }

    void stepsCanBeEditedAndSkipped()
    {
        RecipeRun run(*m_session,
                      recipe_from_json(recipe({kBaseline, kCopying, choice("some", "copying", 1000)}), "small"),
                      m_model, m_task);
        run.skip(0);
        run.run_all();
        QVERIFY(run.outcomes()[0].state == StepState::Skipped);
        QVERIFY(run.outcomes()[2].state == StepState::Nothing);
        run.edit(2, choice("some", "copying", 0));
        QVERIFY(run.outcomes()[2].state == StepState::Pending);
        QVERIFY(run.run(2).state == StepState::Done);
        VERIFY_MESSAGE((run.edit(2, choice("some", "elsewhere", 0)), 0), "step \"some\" refers to \"elsewhere\"");
    }

    // Scores, circuits and their comparison, each taking what an earlier step found.
    void circuitsOfEdgesAreSteps()
    {
        const auto step = [](const char *id, json spec) {
            spec["method"] = "analysis";
            return json{{"id", id}, {"title", std::string("Step ") + id}, {"kind", "run"}, {"spec", std::move(spec)}};
        };
        const json hand{{"analysis", "circuit"},
                        {"heads", {{"from", "some"}}},
                        {"options", {{"choose", "heads"}, {"without_mlps", true}}}};
        const json top{{"analysis", "circuit"}, {"options", {{"choose", "top"}, {"count", {{"from", "hand"}}}}}};
        const json same{{"analysis", "circuit"}, {"options", {{"edges", {{"from", "top"}}}}}};
        const json both{{"analysis", "circuit-compare"},
                        {"options", {{"circuits", {{{"from", "hand"}}, {{"from", "top"}}, "none="}}}}};
        RecipeRun run(
            *m_session,
            recipe_from_json(recipe({kCopying, choice("some", "copying", 0), step("edges", {{"analysis", "edges"}}),
                                     step("hand", hand), step("top", top), step("same", same), step("both", both)}),
                             "small"),
            m_model, m_task);
        QVERIFY_EXCEPTION_THROWN(run.spec(4), NothingToDo);
        run.run_all();
        for (const StepOutcome &outcome : run.outcomes())
            QVERIFY2(outcome.state == StepState::Done && outcome.message.find("-0.00") == std::string::npos,
                     outcome.message.c_str());
        const json &made = run.outcomes()[3].result->summary, &chosen = run.outcomes()[4].result->summary;
        QCOMPARE(chosen.at("asked"), made.at("kept"));
        QVERIFY2(run.outcomes()[2].message.find("Strongest of ") == 0, run.outcomes()[2].message.c_str());
        QVERIFY2(run.outcomes()[4].message.find("faithfulness ") != std::string::npos,
                 run.outcomes()[4].message.c_str());
        // The scores are the step's, as an analysis by itself computes them.
        QVERIFY(run.outcomes()[4].result->arrays.at("scores.eap-ig").floats()
                == run.outcomes()[2].result->arrays.at("scores.eap-ig").floats());
        const RunResult alone = run_analysis(*m_session, run.spec(4));
        QVERIFY(alone.arrays.at("circuit").ints() == run.outcomes()[4].result->arrays.at("circuit").ints());
        QVERIFY(alone.arrays.size() == run.outcomes()[4].result->arrays.size());
        QVERIFY(run.outcomes()[5].result->arrays.at("circuit").ints() == alone.arrays.at("circuit").ints());
        const json &compared = run.outcomes()[6].result->summary;
        QCOMPARE(compared.at("circuits").size(), size_t(3));
        QCOMPARE(compared.at("rows").size(), size_t(3));
        QCOMPARE(compared.at("circuits")[0].at("circuit").get<std::string>(), std::string("Step hand"));
        for (const auto &[i, of] : {std::pair{0, &made}, std::pair{1, &chosen}}) {
            QCOMPARE(compared.at("circuits")[size_t(i)].at("kept"), of->at("kept"));
            QVERIFY(std::abs(compared.at("circuits")[size_t(i)].at("faithfulness").get<double>()
                             - of->at("faithfulness").get<double>())
                    < 1e-5);
        }
        QVERIFY(std::abs(compared.at("circuits")[2].at("faithfulness").get<double>()) < 1e-5);
        run.edit(4, step("top", {{"analysis", "circuit"}, {"options", {{"count", {{"from", "copying"}}}}}}));
        QVERIFY(run.run(4).state == StepState::Failed);
        QVERIFY2(run.outcomes()[4].message.find("\"copying\": ran no circuit of edges") != std::string::npos,
                 run.outcomes()[4].message.c_str());
    }

    // What the handbook says of steps can be read.
    void theHandbooksStepsAreSteps()
    {
        QFile file(QStringLiteral(PATCHBAY_SOURCE_DIR "/docs/handbook/edges.md"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        json steps = json::array();
        for (const QByteArray &line : file.readAll().split('\n'))
            if (line.startsWith("    {\"id\""))
                steps.push_back(json::parse(line.toStdString()));
        QVERIFY(steps.size() >= 4);
        RecipeRun run(*m_session, recipe_from_json(recipe(steps), "edges.md"), m_model, m_task);
        for (size_t i = 0; i < steps.size(); ++i)
            try {
                run.spec(i);
            } catch (const NothingToDo &) { // of a step that has not been run
            }
    }

    void theShippedRecipeFindsTheCircuit()
    {
        auto named = namedHeads();
        QVERIFY(!named["name mover"].isEmpty() && !named["S-inhibition"].isEmpty());
        RecipeRun run(*m_session, load_recipe("ioi-circuit"), m_model, m_task);
        run.run_all();
        std::map<std::string, QStringList> found;
        for (size_t i = 0; i < run.outcomes().size(); ++i) {
            const StepOutcome &outcome = run.outcomes()[i];
            QVERIFY2(outcome.state == StepState::Done || outcome.state == StepState::Nothing,
                     (run.recipe().steps[i].id + ": " + outcome.message).c_str());
            if (run.recipe().steps[i].id == "roles")
                for (const json &one : outcome.result->summary.at("roles")) {
                    found[one.at("role").get<std::string>()]
                        << QString::fromStdString(label(parse_head(one.at("head").get<std::string>())));
                    QVERIFY(!one.at("evidence").empty());
                }
        }
        for (const auto &[role, heads] : named)
            for (const QString &head : heads)
                QVERIFY2(found[role].contains(head),
                         qPrintable(QStringLiteral("%1 is no %2 (found: %3)")
                                        .arg(head, QString::fromStdString(role), found[role].join(QLatin1Char(' ')))));

        // Edges end where the paths that they tell of really ended.
        std::map<std::string, std::set<std::string>> received;
        json edges;
        for (size_t i = 0; i < run.outcomes().size(); ++i) {
            const RunResultPtr &result = run.outcomes()[i].result;
            if (result && result->spec.is<PathPatch>())
                for (const Node &node : result->spec.as<PathPatch>()->receivers.nodes)
                    received[name(node.site)].insert(dotted(Head{node.layer, node.head}));
            if (run.recipe().steps[i].kind == StepKind::Circuit)
                edges = result->summary.at("edges");
        }
        QVERIFY(!edges.empty());
        for (const json &edge : edges)
            if (!edge.at("to").is_null())
                QVERIFY2(received[edge.at("site").get<std::string>()].contains(edge.at("to").get<std::string>()),
                         edge.dump().c_str());

        // It ends with the circuit by hand beside the automatic one of the same size.
        const json &compared = run.outcomes().back().result->summary.at("circuits");
        QCOMPARE(compared.size(), size_t(2));
        const double hand = compared[0].at("faithfulness").get<double>(),
                     automatic = compared[1].at("faithfulness").get<double>();
        qInfo("by hand: %d edges, %.3f; automatic: %d edges, %.3f", compared[0].at("kept").get<int>(), hand,
              compared[1].at("kept").get<int>(), automatic);
        QVERIFY(hand > 0.5 && hand < 1.2 && automatic > 0.8 && automatic < 1.2);
        QVERIFY(compared[1].at("kept").get<int>() <= compared[0].at("kept").get<int>());

        QTemporaryDir folder;
        run.save(folder.path().toStdString());
        const json index = json::parse(read_file(folder.filePath(QStringLiteral("recipe.json")).toStdString()));
        QCOMPARE(index.at("steps").size(), run.recipe().steps.size());
        for (const json &step : index.at("steps"))
            if (step.contains("file"))
                QVERIFY(load_result(folder.path().toStdString() + "/" + step.at("file").get<std::string>()).complete);
    }

private:
    std::unique_ptr<Session> m_session;
    ModelRef m_model;
    TaskRef m_task;
};

} // namespace

QTEST_GUILESS_MAIN(TestRecipe)
#include "test_recipe.moc"
