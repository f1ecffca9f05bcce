// Another metric of a finished run is read from END's streams that it kept: equal to a fresh run with that metric, and
// without patching.
#include "error_message.h"
#include "patching/session.h"
#include "small_case.h"

#include <QTest>

#include <cmath>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

ModelConfig serial_config()
{
    ModelConfig c = small_config(3, 4, 8, 60);
    c.family = "llama";
    c.parallel = false;
    c.gated_mlp = true;
    c.norm = Norm::RmsNorm;
    c.rotary_dim = c.d_head;
    c.n_kv_heads = 2;
    c.logit_cap = 5;
    return c;
}

std::vector<RunSpec> methods(const ModelConfig &c)
{
    std::vector<RunSpec> all;
    ActPatch heads;
    heads.sites = {Site::Z, Site::Q, Site::Pattern};
    all.push_back(spec_of(heads));
    ActPatch layers;
    layers.direction = Direction::Noise;
    layers.sites = {Site::ResidPre, Site::MlpOut};
    layers.positions = Positions::at("end");
    all.push_back(spec_of(layers));
    ActPatch without;
    without.ablation = Ablation::Mean;
    all.push_back(spec_of(without));
    PathPatch direct;
    direct.direction = Direction::Noise;
    direct.receivers.nodes = {{Site::ResidPost, c.n_layers - 1, -1}};
    all.push_back(spec_of(direct));
    PathPatch queries;
    queries.receivers.nodes = {{Site::Q, c.n_layers - 1, 1}, {Site::V, c.n_layers - 1, 0}};
    all.push_back(spec_of(queries));
    return all;
}

RunSpec with_metric(RunSpec spec, const MetricInfo &metric)
{
    spec.metric = metric.name;
    return spec;
}

bool same_bits(const RunResult &a, const RunResult &b)
{
    if (!a.complete || !b.complete || a.grids.size() != b.grids.size() || a.flops != b.flops
        || a.baseline.clean != b.baseline.clean)
        return false;
    for (size_t g = 0; g < a.grids.size(); ++g)
        if (a.grids[g].per_prompt != b.grids[g].per_prompt || a.grids[g].state != b.grids[g].state)
            return false;
    return true;
}

const RunObserver plain{.estimates = false};

} // namespace

class TestKeptEnds : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyMetricOfEveryMethod_data()
    {
        QTest::addColumn<bool>("serial");
        QTest::addColumn<quint64>("budget");
        QTest::newRow("parallel") << false << quint64(256 << 20);
        QTest::newRow("serial") << true << quint64(256 << 20);
        QTest::newRow("in groups of prompts") << false << quint64(400 << 10);
    }
    void everyMetricOfEveryMethod()
    {
        QFETCH(bool, serial);
        QFETCH(quint64, budget);
        const ModelConfig config = serial ? serial_config() : small_config(3, 4, 8, 60);
        const auto model = Model::random(config, 7);
        const PromptBatch batch = small_batch(10, 14, config.d_vocab);
        Resources keeping;
        keeping.memory_budget = size_t(budget);
        Resources forgetting = keeping;
        forgetting.kept_ends = 0;
        QCOMPARE(Session(model, batch, keeping).groups_note().empty(), budget > (1 << 20));
        for (const RunSpec &method : methods(config))
            for (const MetricInfo *first : {&info(Metric::LogitDiff), &info(Metric::Kl)}) {
                Session session(model, batch, keeping);
                const RunResult run = session.run(with_metric(method, *first), plain);
                QVERIFY2(run.keeps_ends && session.keeps_ends(method), title(method).c_str());
                for (const MetricInfo &metric : metrics()) {
                    const RunSpec spec = with_metric(method, metric);
                    const RunResult derived = session.run(spec, plain),
                                    fresh = Session(model, batch, forgetting).run(spec, plain);
                    QVERIFY(!fresh.keeps_ends);
                    QVERIFY2(same_bits(derived, fresh), (title(method) + ", " + metric.name).c_str());
                }
            }
    }

    // What is read is the stream: another one gives other values, in a session that has not patched anything.
    void theStreamIsWhatIsRead()
    {
        const auto model = Model::random(small_config(3, 4, 8, 60), 7);
        const PromptBatch batch = small_batch(6, 12, 60);
        ActPatch patch;
        const RunSpec spec = spec_of(patch);
        Session session(model, batch);
        RunResult run = session.run(spec, plain);
        QVERIFY(Session(model, batch).kept_ends(spec).empty());
        for (const auto &[name, array] : session.kept_ends(spec))
            run.arrays[name] = array;
        Session same(model, batch), other(model, batch);
        same.keep_ends(run);
        QVERIFY(same_bits(same.run(spec, plain), run));
        for (float &value : run.arrays.at("end.stream").floats())
            value = -value;
        other.keep_ends(run);
        const RunResult turned = other.run(spec, plain);
        int apart = 0;
        for (size_t i = 0; i < turned.grids[0].per_prompt.size(); ++i)
            apart += std::abs(turned.grids[0].per_prompt[i] - run.grids[0].per_prompt[i]) > 1e-4f;
        QVERIFY(apart > int(turned.grids[0].per_prompt.size() / 2));
    }

    // A run that was stopped has kept a part; the rest is patched.
    void aPartIsReadTheRestIsPatched()
    {
        const auto model = Model::random(small_config(4, 8, 32, 60), 7);
        const PromptBatch batch = small_batch(12, 14, 60);
        ActPatch patch;
        patch.sites = {Site::Z, Site::Q, Site::K, Site::V};
        const RunSpec spec = spec_of(patch);
        Session session(model, batch);
        const auto steps = session.begin(spec, plain);
        QVERIFY(steps->step() && steps->step());
        QVERIFY(session.keeps_ends(spec));
        const RunSpec kl = with_metric(spec, info(Metric::Kl));
        const RunResult rest = session.run(kl, plain);
        QVERIFY(same_bits(rest, Session(model, batch).run(kl, plain)));
    }

    void theOldestGoWhereThereIsNoRoom()
    {
        const auto model = Model::random(small_config(3, 4, 8, 60), 7);
        const PromptBatch batch = small_batch(6, 12, 60);
        std::vector<RunSpec> specs;
        for (const Site site : {Site::Z, Site::Q, Site::V}) {
            ActPatch patch;
            patch.sites = {site};
            specs.push_back(spec_of(patch));
        }
        Session roomy(model, batch);
        roomy.run(specs[0], plain);
        const auto bytes = size_t(roomy.kept_ends(specs[0]).at("end.stream").count()) * sizeof(float);
        Resources two;
        two.kept_ends = 2 * bytes;
        Session session(model, batch, two);
        const auto kept = [&] {
            std::vector<bool> out;
            for (const RunSpec &spec : specs)
                out.push_back(session.keeps_ends(spec));
            return out;
        };
        session.run(specs[0], plain);
        session.run(specs[1], plain);
        QCOMPARE(kept(), (std::vector<bool>{true, true, false}));
        session.run(specs[2], plain);
        QCOMPARE(kept(), (std::vector<bool>{false, true, true}));
        Resources none;
        none.kept_ends = bytes / 1000;
        Session small(model, batch, none);
        QVERIFY(!small.run(specs[0], plain).keeps_ends);
    }

    void filesThatDoNotFitAreNamed()
    {
        const PromptBatch batch = small_batch(6, 12, 60);
        Session session(Model::random(small_config(3, 4, 8, 60), 7), batch);
        RunResult run = session.run(spec_of(ActPatch()), plain);
        for (const auto &[name, array] : session.kept_ends(run.spec))
            run.arrays[name] = array;
        Session wider(Model::random(small_config(3, 4, 16, 60), 7), batch);
        VERIFY_MESSAGE(wider.keep_ends(run), "end.stream");
        for (const auto &[name, at, value] :
             {std::tuple{"end.rows", 1, 5000}, std::tuple{"end.rows", 0, -1}, std::tuple{"end.rows", 2, -1},
              std::tuple{"end.cells", 0, 7}, std::tuple{"end.cells", 2, -3}}) {
            RunResult bad = run;
            std::get<1>(bad.arrays.at(name).values)[size_t(at)] = value;
            VERIFY_MESSAGE(session.keep_ends(bad), name);
        }
    }
};

QTEST_GUILESS_MAIN(TestKeptEnds)
#include "test_kept_ends.moc"
