// A batch whose cached runs exceed the memory budget is computed in groups of prompts, with the numbers of the whole.
#include "random_case.h"
#include "small_case.h"
#include "tensor_bytes.h"

#include "analysis/analysis.h"
#include "patching/session.h"

#include <QTest>

using namespace patchbay;
using namespace patchbay::testing;
using namespace random_case;

namespace {

/// How far numbers are apart, and how many are not the same bits.
class Comparison {
public:
    explicit Comparison(QString about) : m_about(std::move(about)) { }

    void floats(const QString &what, std::span<const float> whole, std::span<const float> split)
    {
        if (whole.size() != split.size()) {
            say(what + QStringLiteral(": %1 numbers and %2").arg(whole.size()).arg(split.size()));
            return;
        }
        for (size_t i = 0; i < whole.size(); ++i) {
            const bool neither = std::isnan(whole[i]) && std::isnan(split[i]);
            const double apart = std::abs(double(whole[i]) - double(split[i]));
            ++compared;
            different += !neither && whole[i] != split[i];
            if (!neither && !(apart <= 2e-5 * (1 + std::abs(double(whole[i]))))) {
                say(what + QStringLiteral("[%1]: %2 and %3").arg(i).arg(double(whole[i])).arg(double(split[i])));
                return;
            }
        }
    }
    void results(const RunResult &whole, const RunResult &split)
    {
        if (whole.complete != split.complete || whole.grids.size() != split.grids.size()
            || whole.arrays.size() != split.arrays.size())
            return say(QStringLiteral("another kind of result"));
        floats(QStringLiteral("clean"), whole.baseline.clean, split.baseline.clean);
        floats(QStringLiteral("flipped"), whole.baseline.flipped, split.baseline.flipped);
        for (size_t g = 0; g < whole.grids.size(); ++g) {
            const Grid &a = whole.grids[g], &b = split.grids[g];
            const QString grid = QString::fromStdString(a.name);
            if (a.name != b.name || a.shape != b.shape || a.state != b.state)
                say(grid + QStringLiteral(": another grid"));
            floats(grid, a.per_prompt, b.per_prompt);
            // A sweep that one chunk computes is not ranked, and several chunks' is.
            if (a.estimate.empty() || b.estimate.empty())
                continue;
            // Of the gap, which may be close to nothing.
            std::vector<float> estimates[2];
            for (int i = 0; i < 2; ++i)
                for (const float estimate : (i ? b : a).estimate)
                    estimates[i].push_back(float(estimate * (i ? split : whole).baseline.scale()));
            floats(grid + QStringLiteral(".estimate"), estimates[0], estimates[1]);
        }
        for (const auto &[name, array] : whole.arrays) {
            const auto other = split.arrays.find(name);
            if (other == split.arrays.end() || other->second.shape != array.shape)
                say(QString::fromStdString(name) + QStringLiteral(": another shape, or missing"));
            else if (std::holds_alternative<std::vector<float>>(array.values))
                floats(QString::fromStdString(name), array.floats(), other->second.floats());
            else if (array.values != other->second.values)
                say(QString::fromStdString(name) + QStringLiteral(": other numbers"));
        }
    }
    void patterns(const AttentionPattern &whole, const AttentionPattern &split)
    {
        if (whole.sizes != split.sizes)
            return say(QStringLiteral("patterns of other sizes"));
        for (size_t p = 0; p < whole.weights.size(); ++p)
            floats(QStringLiteral("pattern of prompt %1").arg(p), whole.weights[p], split.weights[p]);
    }

    QString wrong;
    qint64 compared = 0, different = 0;

private:
    void say(const QString &what)
    {
        if (wrong.isEmpty())
            wrong = m_about + QStringLiteral(": ") + what;
    }
    const QString m_about;
};

Resources budget(size_t bytes)
{
    Resources resources;
    resources.memory_budget = bytes;
    return resources;
}

/// A model with a batch, once as a whole and once in groups.
struct Pair {
    Pair(uint64_t seed, Draw &draw) : config(random_config(draw)), batch(random_batch(draw, config))
    {
        while (batch.prompts < 2)
            batch = random_batch(draw, config);
        const auto model = Model::random(config, seed);
        whole = std::make_unique<Session>(model, batch, budget(size_t(1) << 30));
        split = std::make_unique<Session>(model, batch, budget(draw.chance(60) ? 1 : 1 + size_t(draw.below(400'000))));
    }
    ModelConfig config;
    PromptBatch batch;
    std::unique_ptr<Session> whole, split;
};

ActPatch random_sweep(Draw &draw, const Pair &pair)
{
    ActPatch sweep;
    sweep.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
    sweep.ablation = draw.of(
        std::vector<Ablation>{Ablation::None, Ablation::Zero, Ablation::Resample, Ablation::Mean, Ablation::Mean});
    sweep.positions = random_positions(draw, pair.batch, true);
    sweep.sites.clear();
    for (const Site site : sites_that(sweep.ablation == Ablation::Mean ? &SiteInfo::has_mean : &SiteInfo::swept))
        if (why_absent(site, pair.config).empty() && draw.chance(40))
            sweep.sites.push_back(site);
    if (sweep.sites.empty())
        sweep.sites = {Site::Z};
    return sweep;
}

} // namespace

class TestPromptGroups : public QObject {
    Q_OBJECT

private:
    // Cells for several chunks, and wide enough for a budget to be counted.
    static std::shared_ptr<const Model> sizable(bool parallel)
    {
        ModelConfig config = small_config(6, 8, 16);
        config.parallel = parallel;
        return Model::random(config, 3);
    }
    static std::vector<RunSpec> every_method()
    {
        ActPatch act;
        act.sites = {Site::Z, Site::Q, Site::Pattern, Site::AttnOut, Site::MlpOut, Site::ResidPre};
        ActPatch mean;
        mean.ablation = Ablation::Mean;
        mean.sites = {Site::Z, Site::V, Site::ResidPost};
        PathPatch senders;
        senders.receivers = parse_ends("q:5.1,v:4.0,resid_post:5");
        PathPatch receivers;
        receivers.senders = parse_ends("z:0.1");
        receivers.receivers = parse_ends("q");
        Attribution attribution;
        attribution.sites = {Site::Z, Site::MlpOut, Site::ResidPre};
        return {spec_of(act), spec_of(mean), spec_of(senders), spec_of(receivers), spec_of(attribution)};
    }

private Q_SLOTS:
    void initTestCase() { count_tensor_bytes(); }

    void sweepsAreTheSame()
    {
        qint64 compared = 0, different = 0;
        for (uint64_t seed = 1; seed <= 60; ++seed) {
            Draw draw(seed * 7477);
            Pair pair(seed, draw);
            Comparison same(QStringLiteral("seed %1").arg(seed));
            const RunSpec act = spec_of(random_sweep(draw, pair)),
                          path = spec_of(random_path(draw, pair.config, pair.batch));
            same.results(pair.whole->run(act), pair.split->run(act));
            same.results(pair.whole->run(path), pair.split->run(path));
            Attribution attribution;
            attribution.direction = draw.chance(50) ? Direction::Denoise : Direction::Noise;
            attribution.ablation = draw.chance(25) ? Ablation::Zero : Ablation::None;
            attribution.positions = random_positions(draw, pair.batch, false);
            attribution.sites = {random_node(draw, pair.config, sites_that(&SiteInfo::estimated)).site};
            same.results(pair.whole->run(spec_of(attribution)), pair.split->run(spec_of(attribution)));
            QVERIFY2(same.wrong.isEmpty(), qPrintable(same.wrong));
            compared += same.compared;
            different += same.different;
        }
        qInfo("%lld of %lld numbers differ in their last bits", (long long)different, (long long)compared);
    }

    void analysesAreTheSame()
    {
        for (uint64_t seed = 1; seed <= 30; ++seed) {
            Draw draw(seed * 911);
            Pair pair(seed, draw);
            Comparison same(QStringLiteral("seed %1").arg(seed));
            const auto head = [&] { return Head{draw.below(pair.config.n_layers), draw.below(pair.config.n_heads)}; };
            const Head taken = head(), mover = head();
            const nlohmann::json movers = {{"name_movers", nlohmann::json::array({dotted(mover)})}};
            std::vector<Analysis> analyses{{"dla", {}, nullptr},
                                           {"logit-lens", {}, nullptr},
                                           {"attention", {}, nullptr},
                                           {"copy-scores", {}, nullptr},
                                           {"attention-vs-contribution", {taken}, nullptr},
                                           {"attention-patterns", {taken}, {{"prompt", pair.batch.prompts - 1}}},
                                           {"s2i", {taken, mover}, movers}};
            for (const char *mode : {"zero", "mean", "resample"})
                analyses.push_back({"ablate", {taken, mover}, {{"mode", mode}}});
            for (const Analysis &analysis : analyses) {
                const RunSpec spec = spec_of(analysis);
                same.results(run_analysis(*pair.whole, spec), run_analysis(*pair.split, spec));
                QVERIFY2(same.wrong.isEmpty(), qPrintable(QString::fromStdString(analysis.name) + ' ' + same.wrong));
            }
        }
    }

    void attentionIsTheSame()
    {
        for (uint64_t seed = 1; seed <= 30; ++seed) {
            Draw draw(seed * 6007);
            Pair pair(seed, draw);
            Comparison same(QStringLiteral("seed %1").arg(seed));
            const Head head{draw.below(pair.config.n_layers), draw.below(pair.config.n_heads)};
            for (const bool flipped : {false, true})
                for (const AttentionKind kind : {AttentionKind::Plain, AttentionKind::ValueWeighted})
                    same.patterns(pair.whole->attention(head, flipped, kind),
                                  pair.split->attention(head, flipped, kind));
            ActPatch sweep = random_sweep(draw, pair);
            sweep.positions = random_positions(draw, pair.batch, false);
            sweep.sites = {Site::Z};
            const std::vector<Node> patched{random_node(draw, pair.config, {Site::Z})};
            same.patterns(pair.whole->attention_patched(head, spec_of(sweep), patched),
                          pair.split->attention_patched(head, spec_of(sweep), patched));
            QVERIFY2(same.wrong.isEmpty(), qPrintable(same.wrong));
        }
    }

    // Every tensor that a run allocates, beside the weights and what was there before it.
    void theBudgetHolds_data()
    {
        QTest::addColumn<bool>("parallel");
        QTest::newRow("parallel blocks") << true;
        QTest::newRow("serial blocks") << false;
    }
    void theBudgetHolds()
    {
        QFETCH(bool, parallel);
        constexpr size_t allowed = 5 << 20;
        const auto model = sizable(parallel);
        const PromptBatch batch = small_batch(40, 24);
        const auto peak = [&](const Resources &resources, const RunSpec &spec) {
            Session session(model, batch, resources);
            const size_t before = tensor_bytes();
            begin_peak();
            if (!session.run(spec).complete)
                return size_t(0);
            return peak_tensor_bytes() - before;
        };
        for (const RunSpec &spec : every_method()) {
            const size_t roomy = peak(budget(size_t(1) << 30), spec), tight = peak(budget(allowed), spec);
            qInfo("%s: %.1f MB, within a budget of 5.2 MB %.1f MB", method_name(spec).c_str(), double(roomy) / 1e6,
                  double(tight) / 1e6);
            QVERIFY(roomy > 2 * allowed);
            QVERIFY(tight > 0);
            QVERIFY2(tight <= allowed, qPrintable(QStringLiteral("%1 bytes").arg(tight)));
        }
    }

    void stoppedAndResumedItIsTheSameBytes()
    {
        const auto model = sizable(true);
        const PromptBatch batch = small_batch(40, 24);
        for (const RunSpec &spec : every_method()) {
            if (spec.is<Attribution>())
                continue;
            Session session(model, batch, budget(5 << 20));
            QVERIFY(!session.groups_note().empty());
            int messages = 0;
            CancelToken cancel;
            RunObserver stopping;
            stopping.tell = [&](const Event &event) {
                const Cells *cells = std::get_if<Cells>(&event);
                if (cells && cells->state == CellState::Exact && ++messages == 2)
                    cancel.cancel();
            };
            const RunResult stopped = session.run(spec, stopping, cancel), whole = session.run(spec);
            QVERIFY(whole.complete);
            QVERIFY(!stopped.complete || spec.is<PathPatch>()); // which two chunks may be all of
            RunObserver resuming;
            resuming.resume = &stopped;
            const RunResult resumed = Session(model, batch, budget(5 << 20)).run(spec, resuming);
            QVERIFY(resumed.complete);
            for (size_t g = 0; g < whole.grids.size(); ++g)
                QVERIFY(resumed.grids[g].per_prompt == whole.grids[g].per_prompt);
        }
    }

    // Both want another group's runs at every step.
    void runsMayTakeTurns()
    {
        const auto model = sizable(false);
        Session session(model, small_batch(40, 24), budget(5 << 20));
        const std::vector<RunSpec> specs = every_method();
        const RunResult act = session.run(specs[0]), path = session.run(specs[2]);
        const auto a = session.begin(specs[0]), b = session.begin(specs[2]);
        bool more = true;
        while (more) {
            const bool first = a->step(), second = b->step();
            session.attention({2, 1}, false);
            more = first || second;
        }
        QVERIFY(a->result().grids.front().per_prompt == act.grids.front().per_prompt);
        QVERIFY(b->result().grids.front().per_prompt == path.grids.front().per_prompt);
    }

    void theWantedHeadIsNext()
    {
        Session session(sizable(false), small_batch(40, 24), budget(5 << 20));
        PriorityHint hint;
        RunObserver observer;
        observer.priority = &hint;
        observer.estimates = false;
        std::vector<std::vector<int>> messages;
        observer.tell = [&](const Event &event) {
            if (const Cells *cells = std::get_if<Cells>(&event)) {
                messages.push_back(cells->cells);
                hint.want(Head{0, 2}); // the dearest layer
            }
        };
        QVERIFY(session.run(RunSpec(), observer).complete);
        QVERIFY(messages.size() >= 2);
        const auto has = [](const std::vector<int> &cells) {
            return std::find(cells.begin(), cells.end(), 2) != cells.end();
        };
        QVERIFY(!has(messages[0]));
        QVERIFY(has(messages[1]));
    }

    // A position that one group's prompts do not reach is no error, nor is its mean over the others.
    void positionsOfLongerPrompts()
    {
        PromptBatch batch = small_batch(4, 14);
        batch.end = {8, 8, 13, 13};
        const auto model = sizable(true);
        Session whole(model, batch), split(model, batch, budget(1));
        QVERIFY(split.groups_note().find("4 groups") != std::string::npos);
        QVERIFY(split.groups_note().find("already one prompt takes") != std::string::npos);
        QVERIFY(whole.groups_note().empty());
        ActPatch sweep;
        sweep.ablation = Ablation::Mean;
        sweep.positions.kind = Positions::Kind::List;
        sweep.positions.list = {12};
        Comparison same(QStringLiteral("position 12"));
        same.results(whole.run(spec_of(sweep)), split.run(spec_of(sweep)));
        QVERIFY2(same.wrong.isEmpty(), qPrintable(same.wrong));
    }

    // What a cell of mean ablation describes is what its attention is shown of: padding has no part in the mean.
    void attentionAfterAMeanIgnoresPadding()
    {
        PromptBatch batch = small_batch(4, 14);
        batch.end = {8, 8, 13, 13};
        PromptBatch other = batch;
        for (int p = 0; p < 2; ++p)
            for (int pos = 9; pos < 14; ++pos)
                for (std::vector<int64_t> *ids : {&other.clean, &other.flipped})
                    (*ids)[size_t(p * 14 + pos)] = ((*ids)[size_t(p * 14 + pos)] + 7) % 80;
        const auto model = sizable(false);
        ActPatch sweep;
        sweep.ablation = Ablation::Mean;
        const std::vector<Node> patched{{Site::Z, 1, 2}};
        Comparison same(QStringLiteral("padding"));
        same.patterns(Session(model, batch).attention_patched({3, 0}, spec_of(sweep), patched),
                      Session(model, other).attention_patched({3, 0}, spec_of(sweep), patched));
        QVERIFY2(same.wrong.isEmpty(), qPrintable(same.wrong));
    }
};

QTEST_GUILESS_MAIN(TestPromptGroups)
#include "test_prompt_groups.moc"
