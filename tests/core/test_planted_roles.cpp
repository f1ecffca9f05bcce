// In a model with planted heads the labels are exactly those, and what only looks like one of them is none.
#include "analysis/analysis.h"
#include "analysis/recipe.h"
#include "planted_model.h"

#include <QtTest>

#include <map>
#include <set>

using namespace patchbay;

namespace {

std::map<Head, std::vector<std::string>> listed(const nlohmann::json &list)
{
    std::map<Head, std::vector<std::string>> roles;
    for (const nlohmann::json &one : list)
        roles[parse_head(one.at("head").get<std::string>())].push_back(one.at("role").get<std::string>());
    return roles;
}

double mean_of(const RunResult &result, const char *array, Head head)
{
    return quantity(result, array).at(head);
}

class TestPlantedRoles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_session = std::make_unique<Session>(m_planted.load(), PlantedModel::prompts());
        QVERIFY(m_session->baseline().accuracy_clean == 1 && m_session->baseline().accuracy_flipped == 0);
    }

    void theLabelsAreExactlyThose()
    {
        const RunResult result = run_analysis(*m_session, spec_of(Analysis{"roles", {}, nullptr}));
        const auto roles = listed(result.summary.at("roles"));
        const std::map<Head, std::vector<std::string>> planted{
            {PlantedModel::s_inhibition, {"S-inhibition"}}, {PlantedModel::name_mover, {"name mover"}},
            {PlantedModel::s_suppressor, {"S suppressor"}}, {PlantedModel::negative_mover, {"negative name mover"}},
            {PlantedModel::backup, {"backup name mover"}},
        };
        QVERIFY2(roles == planted, result.summary.at("roles").dump(1).c_str());
        QVERIFY(result.summary.at("detector_only").empty());
        QVERIFY2(
            listed(result.summary.at("released"))
                == (std::map<Head, std::vector<std::string>>{{PlantedModel::negative_mover, {"stops suppressing"}}}),
            result.summary.at("released").dump(1).c_str());
        for (const nlohmann::json &one : result.summary.at("roles"))
            for (const nlohmann::json &mark : one.at("evidence"))
                QVERIFY2(mark.contains("at_least") || mark.contains("at_most"), mark.dump().c_str());
    }

    void aGainIsOnesOwnOrTheNorms()
    {
        const RunResult result =
            run_analysis(*m_session, spec_of(Analysis{"ablate", {PlantedModel::name_mover}, nullptr}));
        // A head of the same layer gains a lot in all, and nothing by itself.
        const Head beside = PlantedModel::same_layer;
        QVERIFY(mean_of(result, "ablate.dla_change", beside) > 0.1 * result.baseline.clean_mean);
        QCOMPARE(mean_of(result, "ablate.own_change", beside), 0.0);
        QCOMPARE(mean_of(result, "ablate.scale_change", beside), mean_of(result, "ablate.dla_change", beside));
        QCOMPARE(mean_of(result, "ablate.backup_gain", beside), 0.0);
        // One that writes less against the answer is not one that writes for it.
        const Head negative = PlantedModel::negative_mover, backup = PlantedModel::backup;
        QVERIFY(mean_of(result, "ablate.own_change", negative) > 0.1 * result.baseline.clean_mean);
        QCOMPARE(mean_of(result, "ablate.backup_gain", negative), 0.0);
        QVERIFY(mean_of(result, "ablate.backup_gain", backup) > 0.05 * result.baseline.clean_mean);
        QCOMPARE(mean_of(result, "ablate.released", backup), 0.0);
        for (const Head head : {beside, negative, backup, PlantedModel::s_suppressor}) {
            const double own = mean_of(result, "ablate.own_change", head);
            QVERIFY(std::abs(own + mean_of(result, "ablate.scale_change", head)
                             - mean_of(result, "ablate.dla_change", head))
                    < 1e-5);
            QVERIFY(
                std::abs(mean_of(result, "ablate.backup_gain", head) + mean_of(result, "ablate.released", head) - own)
                < 1e-5);
        }
        QCOMPARE(result.summary.at("backup_heads").size(), size_t(1));
        QCOMPARE(result.summary.at("backup_heads")[0].at("head").get<std::string>(), dotted(backup));
        QCOMPARE(result.summary.at("released_heads").size(), size_t(1));
        QCOMPARE(result.summary.at("released_heads")[0].at("head").get<std::string>(), dotted(negative));
    }

    void theCircuitHasMeasuredEdgesAlone()
    {
        RecipeRun run(*m_session, load_recipe("ioi-circuit"), {}, {});
        run.run_all();
        const auto circuit = std::find_if(run.recipe().steps.begin(), run.recipe().steps.end(),
                                          [](const RecipeStep &step) { return step.kind == StepKind::Circuit; });
        const StepOutcome &outcome = run.outcomes()[size_t(circuit - run.recipe().steps.begin())];
        const nlohmann::json summary = outcome.result->summary;
        std::set<Head> nodes, ends;
        for (const nlohmann::json &node : summary.at("nodes"))
            nodes.insert(parse_head(node.at("head").get<std::string>()));
        for (const nlohmann::json &edge : summary.at("edges"))
            for (const char *end : {"from", "to"})
                if (!edge.at(end).is_null())
                    ends.insert(parse_head(edge.at(end).get<std::string>()));
        QVERIFY(nodes == ends);
        // Each effect comes with its interval: that of the run that it was read from.
        const Grid *direct = nullptr;
        const RunResult *source = nullptr;
        for (size_t i = 0; i < run.outcomes().size(); ++i)
            if (run.recipe().steps[i].id == "direct") {
                source = run.outcomes()[i].result.get();
                direct = source->grid("path");
            }
        QVERIFY(direct);
        for (const nlohmann::json &edge : summary.at("edges")) {
            QVERIFY2(edge.at("half_width").get<double>() > 0, edge.dump().c_str());
            const Head from = parse_head(edge.at("from").get<std::string>());
            if (edge.at("to").is_null())
                QCOMPARE(edge.at("half_width").get<double>(),
                         100 * bootstrap_half_width(*direct, direct->index(from.layer, from.head), source->baseline));
        }
        QCOMPARE(summary.at("unit").get<std::string>(), std::string("%"));
        QCOMPARE(summary.at("rows").size(), nodes.size());
        for (const Head head : {PlantedModel::s_inhibition, PlantedModel::name_mover, PlantedModel::s_suppressor,
                                PlantedModel::negative_mover})
            QVERIFY2(nodes.contains(head), label(head).c_str());
        QVERIFY(!nodes.contains(PlantedModel::same_layer));
        // The backup has its role by what happens without the movers; no path of it was measured.
        QVERIFY(!nodes.contains(PlantedModel::backup));
        QCOMPARE(summary.at("without_path").size(), size_t(1));
        QVERIFY2(outcome.message.find("L2H1 (backup name mover)") != std::string::npos, outcome.message.c_str());
    }

private:
    PlantedModel m_planted;
    std::unique_ptr<Session> m_session;
};

} // namespace

QTEST_GUILESS_MAIN(TestPlantedRoles)
#include "test_planted_roles.moc"
