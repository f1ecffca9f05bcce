// The controls of a run: what they are in a healthy engine, whatever is patched, and that each planted fault turns them
// red.
#include "core/apart.h"
#include "core/planted_faults.h"
#include "core/random_case.h"
#include "core/small_case.h"
#include "patching/controls.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace patchbay;
using namespace patchbay::testing;
using namespace random_case;

namespace {

RunSpec sweep_of(const std::vector<Site> &sites, Direction direction, Ablation ablation = Ablation::None)
{
    ActPatch sweep;
    sweep.sites = sites;
    sweep.direction = direction;
    sweep.ablation = ablation;
    return spec_of(sweep);
}

RunSpec path_to(const std::string &receiver, Direction direction, bool mlps = true)
{
    PathPatch path;
    path.direction = direction;
    path.direct_includes_mlps = mlps;
    if (receiver == "final")
        path.receivers.nodes = {{Site::ResidPost, 3, -1}};
    else
        path.receivers.nodes = {{parse_site(receiver), 2, 1}, {parse_site(receiver), 3, 2}};
    return spec_of(path);
}

std::string told(const RunResult &result)
{
    return title(result.spec) + ": " + controls_note(result);
}

const Control *find(const std::vector<Control> &all, const char *name)
{
    for (const Control &one : all)
        if (std::string(one.name) == name)
            return &one;
    return nullptr;
}

} // namespace

class TestControls : public QObject {
    Q_OBJECT

    std::unique_ptr<Session> session(bool parallel = true, size_t budget = size_t(1) << 30) const
    {
        ModelConfig config = small_config();
        config.parallel = parallel;
        Resources resources;
        resources.memory_budget = budget;
        return std::make_unique<Session>(Model::random(config, 11), small_batch(), resources);
    }

private Q_SLOTS:
    void whatTheyAre()
    {
        for (const bool parallel : {true, false}) {
            const auto one = session(parallel);
            for (const Direction direction : {Direction::Denoise, Direction::Noise}) {
                const double all = direction == Direction::Denoise ? 1 : -1;
                for (const RunSpec &spec :
                     {sweep_of({Site::Z}, direction),
                      sweep_of({Site::Z, Site::Q, Site::K, Site::V, Site::Pattern}, direction),
                      sweep_of({Site::AttnOut}, direction), sweep_of({Site::MlpOut}, direction),
                      sweep_of({Site::ResidPre, Site::ResidPost}, direction), path_to("final", direction),
                      path_to("q", direction), path_to("v", direction, false)}) {
                    const RunResult result = one->run(spec);
                    const std::vector<Control> found = controls(result);
                    QCOMPARE(found.size(), size_t(3));
                    QVERIFY2(!controls_failed(result), told(result).c_str());
                    const Control *own = find(found, control_own), *everything = find(found, control_everything);
                    QVERIFY2(own && own->expected == 0.0 && own->off < 1e-4, told(result).c_str());
                    QVERIFY2(everything && std::abs(everything->effect - all) < 1e-3 && everything->off < 1e-4,
                             told(result).c_str());
                    const Control *donor = find(found, control_donor);
                    QVERIFY2(donor && !donor->expected && std::abs(donor->effect) > 1e-3, told(result).c_str());
                    QVERIFY2(controls_note(result).starts_with("Controls: own values +0.0 %, everything "),
                             told(result).c_str());
                }
            }
        }
    }

    // An ablation has nothing to be restored; an analysis and a stopped run have none.
    void whereTheyAreNot()
    {
        const auto one = session();
        const RunResult zero = one->run(sweep_of({Site::Z}, Direction::Noise, Ablation::Zero));
        QVERIFY(find(controls(zero), control_own) && !find(controls(zero), control_everything));
        CancelToken cancel;
        cancel.cancel();
        QVERIFY(controls(one->run(sweep_of({Site::Z}, Direction::Noise), {}, cancel)).empty());
        QCOMPARE(controls_note(RunResult()), std::string());
    }

    // Cells are what they are without controls, and go on after an interruption to the same.
    void besideTheCells()
    {
        const auto one = session();
        const RunResult whole = one->run(sweep_of({Site::Z}, Direction::Denoise));
        RunResult half = whole;
        half.arrays.clear();
        half.grids[0].state[3] = CellState::Missing;
        RunObserver observer;
        observer.resume = &half;
        const RunResult again = one->run(sweep_of({Site::Z}, Direction::Denoise), observer);
        QCOMPARE(again.grids[0].per_prompt, whole.grids[0].per_prompt);
        for (const char *name : {control_own, control_everything, control_donor})
            QCOMPARE(again.arrays.at(name).floats(), whole.arrays.at(name).floats());
        // In groups of one prompt they are the same but for rounding.
        const RunResult grouped = session(true, 1)->run(sweep_of({Site::Z}, Direction::Denoise));
        for (const char *name : {control_own, control_everything, control_donor}) {
            const std::vector<float> &a = grouped.arrays.at(name).floats(), &b = whole.arrays.at(name).floats();
            QCOMPARE(a.size(), b.size());
            for (size_t i = 0; i < a.size(); ++i)
                QVERIFY(std::abs(a[i] - b[i]) < 1e-4f);
        }
    }

    // In a file, and read again.
    void inFiles()
    {
        QTemporaryDir folder;
        const auto one = session();
        const RunResult result = one->run(path_to("final", Direction::Noise));
        const std::filesystem::path file = std::filesystem::path(folder.path().toStdString()) / "r.safetensors";
        save_result(file, result);
        QCOMPARE(controls_note(load_result(file)), controls_note(result));
    }

    // END's token differs in one prompt: nothing is known of heads there.
    void otherEnds()
    {
        PromptBatch batch = small_batch();
        const size_t last = size_t(batch.end[0]);
        batch.flipped[last] = (batch.clean[last] + 1) % 80;
        Session one(Model::random(small_config(), 11), batch);
        const RunResult z = one.run(sweep_of({Site::Z}, Direction::Denoise));
        QVERIFY(std::isnan(z.arrays.at(control_everything).floats()[0]));
        QVERIFY2(!controls_failed(z), told(z).c_str());
        const RunResult stream = one.run(sweep_of({Site::ResidPre}, Direction::Denoise));
        QVERIFY(!std::isnan(stream.arrays.at(control_everything).floats()[0]));
        QVERIFY2(!controls_failed(stream), told(stream).c_str());
    }

    void faults_data()
    {
        QTest::addColumn<int>("fault");
        QTest::addColumn<bool>("denoise");
        const std::pair<const char *, Fault> all[] = {{"hook off", Fault::HookOff},
                                                      {"wrong direction", Fault::WrongDirection},
                                                      {"shifted by one", Fault::ShiftedByOne},
                                                      {"wrong head", Fault::WrongHead},
                                                      {"stale cache", Fault::StaleCache}};
        for (const auto &[name, fault] : all)
            for (const bool denoise : {true, false})
                QTest::addRow("%s, %s", name, denoise ? "denoise" : "noise") << int(fault) << denoise;
    }

    void faults()
    {
        QFETCH(int, fault);
        QFETCH(bool, denoise);
        const auto one = session();
        const RunSpec spec = sweep_of({Site::Z}, denoise ? Direction::Denoise : Direction::Noise);
        const RunResult healthy = one->run(spec);
        QVERIFY2(!controls_failed(healthy), told(healthy).c_str());
        plant(*one, Fault(fault), denoise);
        const RunResult result = one->run(spec);
        QVERIFY2(controls_failed(result), told(result).c_str());
        QVERIFY2(controls_note(result).starts_with("CONTROL FAILED: "), told(result).c_str());
        QVERIFY2(controls_note(result).find(" (must be ") != std::string::npos, told(result).c_str());
    }

    // No model, prompt or spec turns them red.
    void healthy()
    {
        for (uint64_t seed = 0; seed < 60; ++seed) {
            Draw draw(seed);
            const ModelConfig config = random_config(draw);
            Session one(Model::random(config, seed), random_batch(draw, config));
            std::vector<Site> sites;
            for (const SiteInfo &site : patchbay::sites())
                if (site.swept && why_absent(site.site, config).empty())
                    sites.push_back(site.site);
            for (const MetricInfo &metric : metrics()) {
                RunSpec spec = sweep_of(sites, draw.chance(50) ? Direction::Denoise : Direction::Noise);
                spec.metric = metric.name;
                const RunResult result = one.run(spec);
                QVERIFY2(!controls_failed(result), ("seed " + std::to_string(seed) + ", " + told(result)).c_str());
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestControls)
#include "test_controls.moc"
