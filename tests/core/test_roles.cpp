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
        const nlohmann::json summary = roles_summary(roles, {});
        QCOMPARE(summary.at("roles").size(), roles.size());
        QCOMPARE(summary.at("thresholds"), to_json(RoleThresholds{}));
        for (const auto &one : summary.at("roles"))
            QVERIFY(!one.at("evidence").empty());
    }
};

} // namespace

QTEST_GUILESS_MAIN(TestRoles)
#include "test_roles.moc"
