// What a series shows, against numbers worked out by hand.
#include "analysis/series_measures.h"
#include "base/error.h"
#include "core/series_folder.h"

#include <QTest>

#include <cmath>

using namespace patchbay;
using namespace patchbay::test;

namespace {

// Five steps: the first without a gap to speak of, the third broken, the heads growing one after the other.
SeriesFolder grown()
{
    return SeriesFolder({{"step0", made_result({0.1, 0.2, 0.3, 0.4}, 0.2)},
                         {"step10", made_result({0.02, 0.15, 0, 0}, 2)},
                         {"step20", std::nullopt},
                         {"step40", made_result({0.05, 0.3, -0.2, 0.01}, 6)},
                         {"step80", made_result({0.05, 0.4, -0.5, 0.12}, 8)}});
}

bool near(double a, double b, double within = 1e-4)
{
    return std::abs(a - b) <= within;
}

} // namespace

class TestSeriesMeasures : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void numbers_of_steps()
    {
        QCOMPARE(step_numbers({"step0", "step1", "step512"}), (std::vector<double>{0, 1, 512}));
        QCOMPARE(step_numbers({"checkpoint-10-v2", "checkpoint-20-v3"}), (std::vector<double>{2, 3}));
        QVERIFY(step_numbers({"step10", "step1"}).empty());
        QVERIFY(step_numbers({"step1", "final"}).empty());
    }

    void a_folder_is_read_back()
    {
        const SeriesFolder folder = grown();
        QVERIFY(is_series(folder.path()));
        const SeriesResults series = read_series(folder.path());
        QCOMPARE(series.steps.size(), size_t(5));
        QVERIFY(series.numbered && series.steps[4].number == 80);
        QVERIFY(series.steps[2].state == SeriesState::Gap && series.steps[2].reason == "its weights are broken");
        QVERIFY(!series.result(2, "") && series.result(4, ""));
        QVERIFY(near(series.largest.at("").at("%"), 50));
        QVERIFY(near(series.largest.at("").at("logits"), 0.08)); // of the step whose effects are raw

        // Another reading takes over what it knows; what is damaged has become a gap.
        write_file(folder.path() / "step10.safetensors", "damaged");
        const SeriesResults again = read_series(folder.path(), &series);
        QCOMPARE(again.result(4, ""), series.result(4, ""));
        QCOMPARE(again.result(1, ""), series.result(1, ""));
        const SeriesResults anew = read_series(folder.path());
        QVERIFY(anew.steps[1].state == SeriesState::Gap);
        QVERIFY(anew.steps[1].reason.find("is not as it was written") != std::string::npos);
        QVERIFY_EXCEPTION_THROWN(read_series(folder.path() / "nowhere"), Error);
    }

    void values_with_intervals()
    {
        const SeriesFolder folder = grown();
        const SeriesResults series = read_series(folder.path());
        const HeadsOverSteps heads = heads_over_steps(series, "", "denoise.z", false, true);
        QCOMPARE(heads.unit, std::string("%"));
        QVERIFY(heads.effect && !heads.raw && heads.layers == 2 && heads.heads == 2);
        QVERIFY(near(heads.at(4, {0, 1}), 40) && near(heads.at(3, {1, 0}), -20) && near(heads.at(1, {0, 1}), 15));
        QVERIFY(std::isnan(heads.at(2, {0, 0}))); // a gap
        // The gap of the first step is 0.2: no percentages, raw values all the same.
        QVERIFY(heads.steps[0].blank && std::isnan(heads.at(0, {0, 1})));
        QVERIFY(!heads.steps[1].blank);
        QVERIFY(blank_note(series, heads).find("step0") != std::string::npos);
        QVERIFY(heads.half_width(4, {0, 1}) > 0 && heads.half_width(4, {0, 1}) < 10);
        const HeadsOverSteps raw = heads_over_steps(series, "", "denoise.z", true, true);
        QCOMPARE(raw.unit, std::string("logits"));
        QVERIFY(near(raw.at(0, {0, 1}), 0.2 * 0.2) && near(raw.at(4, {0, 1}), 0.4 * 8));
        QVERIFY(blank_note(series, raw).empty());
        QVERIFY(raw.half_width(4, {0, 1}) > 0.1);
        QVERIFY_EXCEPTION_THROWN(heads_over_steps(series, "", "nothing", false, false), Error);
        // A smaller least gap lets the first step in.
        const SeriesResults all = read_series(folder.path(), nullptr, 0.1);
        QVERIFY(near(heads_over_steps(all, "", "denoise.z", false, false).at(0, {0, 1}), 20));
    }

    void the_baseline()
    {
        const SeriesFolder folder = grown();
        const auto base = baselines(read_series(folder.path()), "");
        QVERIFY(!base[2] && base[0]->small && !base[3]->small);
        QVERIFY(near(base[3]->clean, 3) && near(base[3]->flipped, -3) && near(base[3]->gap(), 6));
        QVERIFY(base[3]->clean_half > 0.05 && base[3]->clean_half < 0.3);
    }

    void first_steps_and_strongest()
    {
        const SeriesFolder folder = grown();
        const HeadsOverSteps heads = heads_over_steps(read_series(folder.path()), "", "denoise.z", false, false);
        const auto first = first_steps(heads, 10);
        QVERIFY(!first[0] && first[1] == size_t(1) && first[2] == size_t(3) && first[3] == size_t(4));
        const std::vector<Head> strongest = strongest_heads(heads, 2);
        QCOMPARE(strongest.size(), size_t(2));
        QVERIFY(strongest[0] == (Head{1, 0}) && strongest[1] == (Head{0, 1}));
    }

    void jaccard()
    {
        QVERIFY(near(jaccard_top({3, 2, 1, 0}, {3, -2, 0, 1}, 2), 1));      // the same two
        QVERIFY(near(jaccard_top({3, 2, 1, 0}, {0, 2, 0, 1}, 2), 1.0 / 3)); // {0, 1} and {1, 3}
        QVERIFY(near(weighted_jaccard({3, 2, 1}, {1, 2, 3}), (1 + 2 + 1) / (3.0 + 2 + 3)));
        QVERIFY(near(weighted_jaccard({2, -1}, {2, 1}), 2 / (2.0 + 2))); // opposite signs have nothing in common
        QVERIFY(near(weighted_jaccard({1, NAN}, {1, 2}), 1 / 3.0));
        QVERIFY(std::isnan(weighted_jaccard({}, {1, 2})) && std::isnan(weighted_jaccard({0, 0}, {0, 0})));
        QVERIFY(std::isnan(jaccard_top({NAN, NAN}, {1, 2}, 2)));

        const SeriesFolder folder = grown();
        const HeadsOverSteps heads = heads_over_steps(read_series(folder.path()), "", "denoise.z", false, false);
        const Likeness alike = likeness(heads, 4, 2);
        QVERIFY(std::isnan(alike.top[0]) && std::isnan(alike.weighted[2]));
        QVERIFY(near(alike.top[4], 1) && near(alike.weighted[4], 1));
        QVERIFY(near(alike.top[3], 1));
        QVERIFY(near(alike.weighted[3], (5 + 30 + 20 + 1) / (5.0 + 40 + 50 + 12), 1e-3));
        QVERIFY(near(alike.weighted_before[4], alike.weighted[3]));
        // Before the fourth step lies the second: the third is broken.
        QVERIFY(near(alike.top_before[3], 1.0 / 3) && std::isnan(alike.top_before[1]));
    }

    void roles_and_all_of_it()
    {
        const SeriesFolder folder({{"a", made_result({0, 0.3, 0, 0}, 4, {"", "name mover", "", ""})},
                                   {"b", made_result({0.1, 0.5, 0, 0}, 4, {"induction", "name mover", "", ""})},
                                   {"c", std::nullopt}});
        const SeriesResults series = read_series(folder.path());
        QVERIFY(!series.numbered && series.steps[1].number == 1);
        const SeriesMeasures all = measure(series, {});
        QVERIFY(all.options.quantity == "denoise.z" && all.options.reference == size_t(1)
                && all.options.threshold == 10);
        QVERIFY(all.roles[1] && all.roles[1]->size() == 2 && !all.roles[2]);
        QVERIFY(all.roles[0]->front().role == "name mover" && (all.roles[0]->front().head == Head{0, 1}));
        MeasureOptions wrong;
        wrong.quantity = "noise.z";
        QVERIFY_EXCEPTION_THROWN(measure(series, wrong), Error);
        wrong = {};
        wrong.part = "nothing";
        QVERIFY_EXCEPTION_THROWN(measure(series, wrong), Error);

        const std::vector<std::string> files = write_measures(folder.path(), series, all);
        QCOMPARE(files.size(), size_t(6));
        QVERIFY(read_file(folder.path() / "table.csv").starts_with("head,a,b,c"));
        const std::string heads = read_file(folder.path() / "heads.csv"),
                          steps = read_file(folder.path() / "steps.csv");
        QVERIFY(heads.starts_with("step,number,head,value,half_width,unit\na,0,0.0,0,"));
        QVERIFY(heads.find("\nb,1,0.1,50,") != std::string::npos);
        QVERIFY(steps.find("\nc,2,gap,its weights are broken,") != std::string::npos);
        QVERIFY(read_file(folder.path() / "first-steps.csv").find("\n0.1,a,0\n") != std::string::npos);
        QVERIFY(read_file(folder.path() / "roles.csv").find("\nb,1,0.0,induction\n") != std::string::npos);
        const nlohmann::json json = nlohmann::json::parse(read_file(folder.path() / "measures.json"));
        QVERIFY(json.at("first_steps").at("0.1") == "a" && json.at("reference") == "b");
        QVERIFY(json.at("steps").at(2).at("reason") == "its weights are broken");
        // Written again they are the same bytes.
        write_measures(folder.path(), series, measure(series, {}));
        QCOMPARE(read_file(folder.path() / "heads.csv"), heads);
    }
};

QTEST_GUILESS_MAIN(TestSeriesMeasures)
#include "test_series_measures.moc"
