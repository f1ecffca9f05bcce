// Roles are earned by every mark at once, carry the numbers that earned them, and move with their thresholds.
#include "analysis/roles.h"
#include "error_message.h"

#include <QtTest>

#include <algorithm>

using namespace patchbay;

namespace {

HeadQuantity grid(const char *name, const char *unit, std::vector<double> values)
{
    return {name, unit, 2, 2, std::move(values)};
}

/// L0H0 mover, L0H1 copies without effect, L1H0 negative mover, L1H1 attends to S2 and reaches the queries.
RoleQuantities quantities()
{
    return {{"direct", grid("direct effect", "%", {-10, -0.5, 6, 0})},
            {"copy.positive", grid("copy score", "%", {95, 90, 0, 10})},
            {"copy.negative", grid("negative copy score", "%", {0, 0, 88, 0})},
            {"attention.end_to_io", grid("attention END→IO", "", {0.8, 0.9, 0.6, 0.1})},
            {"attention.end_to_s2", grid("attention END→S2", "", {0.05, 0.02, 0.1, 0.7})},
            {"queries", grid("effect through the name movers' queries", "%", {0, 0, 0, -12})},
            {"effect", grid("effect in this task", "%", {30, 5, 0, 20})},
            {"detector.induction", grid("induction", "", {0.1, 0.9, 0.1, 0.1})}};
}

const RoledHead *find(const std::vector<RoledHead> &roles, const std::string &role)
{
    const auto found = std::find_if(roles.begin(), roles.end(), [&](const RoledHead &one) { return one.role == role; });
    return found == roles.end() ? nullptr : &*found;
}

class TestRoles : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyMarkIsNeeded()
    {
        const auto movers = name_movers(quantities(), {});
        QCOMPARE(movers.size(), size_t(1));
        QVERIFY(movers.front().head == (Head{0, 0}));
        for (const char *mark : {"direct", "copy.positive", "attention.end_to_io"}) {
            RoleQuantities without = quantities();
            without[mark].values[0] = 0;
            QVERIFY2(name_movers(without, {}).empty(), mark);
        }
    }

    void rolesCarryTheirNumbers()
    {
        const auto roles = assign_roles(quantities(), {});
        QCOMPARE(roles.size(), size_t(4));
        const RoledHead *mover = find(roles, "name mover"), *negative = find(roles, "negative name mover"),
                        *inhibition = find(roles, "S-inhibition"), *induction = find(roles, "induction");
        QVERIFY(mover && negative && inhibition && induction);
        QVERIFY(negative->head.head == (Head{1, 0}));
        QVERIFY(inhibition->head.head == (Head{1, 1}));
        QVERIFY(induction->head.head == (Head{0, 1}));
        QCOMPARE(inhibition->head.evidence.size(), size_t(2));
        QCOMPARE(inhibition->head.evidence[0].value, -12.0);
        QCOMPARE(inhibition->head.evidence[1].value, 0.7);
        for (const RoledHead &one : roles)
            QVERIFY2(!one.head.evidence.empty(), one.role.c_str());
    }

    void thresholdsDecide()
    {
        RoleThresholds strict = RoleThresholds::from_json({{"direct_effect", 11}, {"attention_s2", 0.75}});
        QVERIFY(name_movers(quantities(), strict).empty());
        QVERIFY(!find(assign_roles(quantities(), strict), "S-inhibition"));
        RoleThresholds loose = RoleThresholds::from_json({{"direct_effect", 0.5}});
        QCOMPARE(name_movers(quantities(), loose).size(), size_t(2));
        QCOMPARE(to_json(loose).at("direct_effect").get<double>(), 0.5);
        VERIFY_MESSAGE(RoleThresholds::from_json({{"copy_score", "high"}}), "options.copy_score: is not a number");
        VERIFY_MESSAGE(RoleThresholds::from_json({{"copyscore", 80}}),
                       "options.copyscore: is not a threshold of roles; there are direct_effect, copy_score");
        QVERIFY(to_string(strict).find("direct effect 11 %") == 0);
    }

    void summaryIsWhatWasFound()
    {
        const auto roles = assign_roles(quantities(), {});
        const nlohmann::json summary = roles_summary(quantities(), {});
        QCOMPARE(summary.at("roles").size(), roles.size());
        QCOMPARE(summary.at("thresholds"), to_json(RoleThresholds{}));
        for (const auto &one : summary.at("roles"))
            QVERIFY(!one.at("evidence").empty());
        QVERIFY(summary.at("detector_only").empty() && summary.at("released").empty());
        QCOMPARE(to_string(evidence_from_json(summary.at("roles")[0].at("evidence"))),
                 std::string("direct effect −10.0 % (≤ −2), attention END→IO 0.800 (≥ 0.3), copy score 95.0 % (≥ 75)"));
    }

    void aDetectorAloneIsNoRole()
    {
        RoleQuantities q = quantities();
        q["effect"].values[1] = 1;
        QVERIFY(!find(assign_roles(q, {}), "induction"));
        const auto apart = detector_only(q, {});
        QCOMPARE(apart.size(), size_t(1));
        QCOMPARE(apart[0].role, std::string("induction"));
        QCOMPARE(to_string(apart[0].head.evidence), std::string("induction 0.900 (≥ 0.4), effect in this task 1.0 %"));
        q.erase("effect"); // not measured: no role either
        QVERIFY(!find(assign_roles(q, {}), "induction"));
        QCOMPARE(detector_only(q, {}).size(), size_t(1));
        QVERIFY(detector_only(quantities(), {}).empty());
    }

    void suppressorsAndRolesInTheOrderOfTheirEvidence()
    {
        RoleQuantities q = quantities();
        // L1H1 also writes against the subject, more than it acts through the queries.
        q["direct"].values[3] = -40;
        q["copy.negative"].values[3] = 80;
        std::vector<std::string> of_head;
        for (const RoledHead &one : assign_roles(q, {}))
            if (one.head.head == Head{1, 1})
                of_head.push_back(one.role);
        QCOMPARE(of_head, (std::vector<std::string>{"S suppressor", "S-inhibition"}));
        q["direct"].values[3] = -4;
        of_head.clear();
        for (const RoledHead &one : assign_roles(q, {}))
            if (one.head.head == Head{1, 1})
                of_head.push_back(one.role);
        QCOMPARE(of_head, (std::vector<std::string>{"S-inhibition", "S suppressor"}));
        q["attention.end_to_s2"].values[3] = 0.1;
        QVERIFY(!find(assign_roles(q, {}), "S suppressor"));
    }

    void suppressionThatStopsIsNoBackup()
    {
        RoleQuantities q = quantities();
        q["backup"] = grid("gain", "", {0, 0.2, 0, 0});
        q["released"] = grid("suppression that stops", "", {0, 0, 0.3, 0});
        const auto roles = assign_roles(q, {});
        QVERIFY(find(roles, "backup name mover") && find(roles, "backup name mover")->head.head == (Head{0, 1}));
        const auto released = released_heads(q, {});
        QCOMPARE(released.size(), size_t(1));
        QVERIFY(released[0].head.head == (Head{1, 0}));
    }

    void captionsNameEveryMark()
    {
        const std::string marks = marks_text();
        for (const char *part : {"name mover: helpful direct effect, attention END→IO, copy score",
                                 "negative name mover: harmful direct effect, negative copy score",
                                 "S suppressor: helpful direct effect, attention END→S2, negative copy score",
                                 "induction: effect in this task, induction attention"})
            QVERIFY2(marks.find(part) != std::string::npos, marks.c_str());
    }
};

} // namespace

QTEST_GUILESS_MAIN(TestRoles)
#include "test_roles.moc"
