// Patching and analyses on three tiny models against numbers that tests/data/make_patching.py computes by definition,
// in float64. These are part of the sources: the tests compare with them wherever they run.
#include "analysis/analysis.h"
#include "io/array_files.h"

#include <QTest>

using namespace patchbay;

namespace {

// Effects of these models are around 1 logit; float32 through two layers stays well within this.
constexpr double tolerance = 5e-5;

QString difference(const std::vector<float> &actual, const Array &expected)
{
    const std::vector<float> &want = expected.floats();
    if (actual.size() != want.size())
        return QStringLiteral("%1 numbers, expected %2").arg(actual.size()).arg(want.size());
    for (size_t i = 0; i < want.size(); ++i)
        if (!(std::abs(double(actual[i]) - double(want[i])) <= tolerance * (1 + std::abs(double(want[i])))))
            return QStringLiteral("number %1 is %2, expected %3").arg(i).arg(double(actual[i])).arg(double(want[i]));
    return {};
}

} // namespace

class TestPatchingGolden : public QObject {
    Q_OBJECT

private:
    struct Case {
        ArrayMap golden;
        std::unique_ptr<Session> session;
    };
    static Case open(const QString &name, const QString &device)
    {
        const std::filesystem::path folder =
            std::filesystem::path(PATCHBAY_SOURCE_DIR) / "tests/data" / name.toStdString();
        Case out;
        out.golden = read_arrays(folder / "patching.safetensors").arrays;
        Resources resources;
        resources.device = device.toStdString();
        out.session = std::make_unique<Session>(Model::load({folder, {}, false}),
                                                batch_from_arrays(out.golden, "patching.safetensors"), resources);
        return out;
    }
    static void models()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("device");
        for (const char *name : {"tiny-neox", "tiny-gpt2", "tiny-llama"})
            for (const char *device : {"cpu", "torch-cpu"})
                QTest::addRow("%s, %s", name, device) << name << device;
    }

private Q_SLOTS:
    void sweeps_data() { models(); }
    void sweeps()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        const Case c = open(model, device);
        const Baseline &baseline = c.session->baseline();
        QCOMPARE(difference(baseline.clean, c.golden.at("baseline.clean")), QString());
        QCOMPARE(difference(baseline.flipped, c.golden.at("baseline.flipped")), QString());
        int compared = 0;
        for (const auto &[direction, ablation] :
             {std::pair{Direction::Denoise, Ablation::None}, std::pair{Direction::Noise, Ablation::None},
              std::pair{Direction::Denoise, Ablation::Zero}}) {
            ActPatch sweep;
            sweep.direction = direction;
            sweep.ablation = ablation;
            sweep.sites.clear();
            for (const SiteInfo &site : sites())
                if (c.golden.contains(grid_name(spec_of(sweep), site.site)))
                    sweep.sites.push_back(site.site);
            const RunResult result = c.session->run(spec_of(sweep));
            for (const Grid &grid : result.grids) {
                const QString wrong = difference(grid.per_prompt, c.golden.at(grid.name));
                QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(grid.name) + ": " + wrong));
                ++compared;
            }
        }
        QCOMPARE(compared, 26);
    }

    void paths_data() { models(); }
    void paths()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        const Case c = open(model, device);
        for (const auto &[name, receivers, mlps] :
             {std::tuple{"path.resid_post", "resid_post:1", true},
              std::tuple{"path.frozen_mlps", "resid_post:1", false}, std::tuple{"path.q", "q:1.0,1.2", true}}) {
            PathPatch path;
            path.direction = Direction::Noise;
            path.receivers = parse_ends(receivers);
            path.direct_includes_mlps = mlps;
            const QString wrong = difference(c.session->run(spec_of(path)).grids.front().per_prompt, c.golden.at(name));
            QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromUtf8(name) + ": " + wrong));
        }
    }

    void analyses_data() { models(); }
    void analyses()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        const Case c = open(model, device);
        const RunResult dla = run_analysis(*c.session, spec_of(Analysis{"dla", {}, nullptr}));
        QCOMPARE(difference(dla.arrays.at("dla").floats(), c.golden.at("dla")), QString());
        const RunResult ablated = run_analysis(*c.session, spec_of(Analysis{"ablate", {{0, 1}, {1, 3}}, nullptr}));
        QCOMPARE(difference(ablated.arrays.at("ablate.logit_diff").floats(), c.golden.at("ablate.logit_diff")),
                 QString());
    }
};

QTEST_GUILESS_MAIN(TestPatchingGolden)
#include "test_patching_golden.moc"
