// What a run tells: events in their order, which fold to the bytes of the result that the run itself ends with, however
// it goes.
#include "analysis/analysis.h"
#include "core/small_case.h"
#include "patching/session.h"

#include <QTest>

#include <bit>
#include <random>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

// One thread: threads that wait for one another at every product take minutes on a machine with other work.
Resources one_thread()
{
    Resources resources;
    resources.threads = 1;
    return resources;
}

bool same_bits(const std::vector<float> &a, const std::vector<float> &b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](float x, float y) { return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y); });
}

bool same_numbers(const RunResult &a, const RunResult &b)
{
    return std::equal(a.grids.begin(), a.grids.end(), b.grids.begin(), b.grids.end(), [](const Grid &x, const Grid &y) {
        return x.name == y.name && x.axes == y.axes && x.shape == y.shape && x.prompts == y.prompts
            && x.state == y.state && x.direction == y.direction && same_bits(x.per_prompt, y.per_prompt)
            && same_bits(x.estimate, y.estimate);
    });
}

bool same(const RunResult &a, const RunResult &b)
{
    const auto same_arrays = [](const ArrayMap &x, const ArrayMap &y) {
        return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto &one, const auto &other) {
            return one.first == other.first && one.second.shape == other.second.shape
                && one.second.is_float() == other.second.is_float()
                && (!one.second.is_float() || same_bits(one.second.floats(), other.second.floats()));
        });
    };
    return a.spec == b.spec && a.baseline.clean == b.baseline.clean && a.baseline.flipped == b.baseline.flipped
        && same_numbers(a, b) && same_arrays(a.arrays, b.arrays) && a.summary == b.summary
        && a.model_sha256 == b.model_sha256 && a.version == b.version && a.seconds == b.seconds
        && a.first_exact_seconds == b.first_exact_seconds && a.flops == b.flops && a.complete == b.complete;
}

/// Hears a run, checks the order of its events and folds them.
struct Listener {
    RunResult folded;
    int started = 0, ended = 0, last_done = 0;
    bool ordered = true;
    Tell tell()
    {
        return [this](const Event &event) {
            ordered = ordered && ended == 0;
            if (std::holds_alternative<Started>(event))
                ordered = ordered && started++ == 0;
            else
                ordered = ordered && started == 1;
            if (const Progress *progress = std::get_if<Progress>(&event)) {
                ordered = ordered && progress->done >= last_done && progress->done <= progress->total;
                last_done = progress->done;
            }
            if (std::holds_alternative<Done>(event))
                ++ended;
            apply(folded, event);
        };
    }
    bool heard_all_of(const RunResult &result) const
    {
        return ordered && started == 1 && ended == 1 && same(folded, result);
    }
};

RunSpec random_spec(std::mt19937 &random)
{
    const auto one_in = [&](unsigned n) { return random() % n == 0; };
    const Direction direction = one_in(2) ? Direction::Noise : Direction::Denoise;
    if (one_in(3)) {
        PathPatch path;
        path.direction = direction;
        const char *receivers[] = {"q:2.1", "k:1.0,v:2.3", "resid_post:2"};
        path.receivers = parse_ends(receivers[random() % 3]);
        path.direct_includes_mlps = one_in(2);
        return spec_of(path);
    }
    SiteSweep sweep;
    sweep.direction = direction;
    sweep.ablation = one_in(4) ? Ablation::Zero : Ablation::None;
    const std::vector<Site> sites{Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
    sweep.sites = {sites[random() % 5]};
    if (one_in(2))
        sweep.sites.push_back(sites[random() % 5]);
    if (sweep.sites.size() == 2 && sweep.sites[0] == sweep.sites[1])
        sweep.sites.pop_back();
    if (one_in(8))
        sweep.positions.kind = Positions::Kind::Each;
    if (one_in(4))
        return spec_of(Attribution{{sweep}});
    return spec_of(ActPatch{{sweep}});
}

} // namespace

/// What an earlier run of the same specification has kept would leave nothing to do.
static Resources forgetful()
{
    Resources resources = one_thread();
    resources.kept_ends = 0;
    return resources;
}

class TestEvents : public QObject {
    Q_OBJECT

    std::shared_ptr<const Model> m_model = Model::random(small_config(3, 4, 32), 3);

private Q_SLOTS:
    void theEventsOfAnyRunFoldToItsResult()
    {
        Session session(m_model, small_batch(120), forgetful());
        std::mt19937 random(5);
        int stopped = 0, several = 0, estimated = 0;
        for (int i = 0; i < 30; ++i) {
            const RunSpec spec = random_spec(random);
            Listener listener;
            RunObserver observer;
            observer.tell = listener.tell();
            observer.estimates = random() % 3 != 0;
            PriorityHint hint;
            if (random() % 2)
                hint.want(Head{int(random() % 3), int(random() % 4)});
            observer.priority = &hint;
            // Some are cancelled before one of their parts, and go on from there.
            const CancelToken cancel;
            int left = random() % 2 ? int(random() % 4) : 1000, steps = 0;
            const auto run = session.begin(spec, observer);
            do {
                if (left-- == 0)
                    cancel.cancel();
                ++steps;
            } while (run->step(cancel));
            QVERIFY2(listener.heard_all_of(run->result()), title(spec).c_str());
            several += steps > 2;
            stopped += !run->result().complete;
            for (const Grid &grid : run->result().grids)
                estimated += !grid.estimate.empty();
            if (run->result().complete)
                continue;
            const RunResult part = run->result();
            Listener again;
            RunObserver rest;
            rest.tell = again.tell();
            rest.resume = &part;
            const RunResult whole = session.run(spec, rest);
            QVERIFY2(again.heard_all_of(whole) && whole.complete, title(spec).c_str());
        }
        qInfo("%d stopped, %d of several parts, %d grids estimated", stopped, several, estimated);
        QVERIFY(stopped > 3 && several > 3 && estimated > 8);
    }

    // Another run and attention between the parts of a run change nothing in it.
    void runsCanTakeTurns()
    {
        Session session(m_model, small_batch(120), forgetful());
        ActPatch sweep;
        sweep.sites = {Site::Z, Site::Q};
        PathPatch path;
        path.receivers = parse_ends("q:2.1,v:2.2");
        const RunResult alone = session.run(spec_of(sweep)), other = session.run(spec_of(path));
        const auto a = session.begin(spec_of(sweep)), b = session.begin(spec_of(path));
        const AttentionPattern before = session.attention({1, 2}, false, AttentionKind::ValueWeighted);
        bool more_a = true, more_b = true;
        int turns = 0;
        while (more_a || more_b) {
            more_a = more_a && a->step();
            more_b = more_b && b->step();
            QVERIFY(session.attention({1, 2}, false, AttentionKind::ValueWeighted).weights == before.weights);
            (void)session.attention_patched({2, 0}, spec_of(sweep), {{Site::Z, 1, 2}});
            ++turns;
        }
        QVERIFY(turns > 2);
        QVERIFY(same_numbers(a->result(), alone) && same_numbers(b->result(), other));
    }

    void analysesTellTheirEndToo()
    {
        Session session(m_model, small_batch(30), one_thread());
        for (const char *name : {"dla", "detectors", "attention-patterns"}) {
            Analysis analysis;
            analysis.name = name;
            if (!find_analysis(name)->heads.empty())
                analysis.heads = {{1, 1}};
            Listener listener;
            RunObserver observer;
            observer.tell = listener.tell();
            const RunResult result = run_analysis(session, spec_of(analysis), observer);
            QVERIFY2(listener.heard_all_of(result) && !result.arrays.empty(), name);
        }
    }

    // What is of another run, or out of place, is no reason to fall over.
    void strayEventsChangeNothing()
    {
        RunResult result;
        apply(result, Cells{3, CellState::Exact, {1}, {1.f}, {}, 1, 1});
        apply(result, Progress{1, 2, {}});
        apply(result, Failed{"a", "b", "c"});
        apply(result, Done{HalfWidths{{"denoise.z", {1}}}});
        QVERIFY(same(result, RunResult()));
    }
};

QTEST_GUILESS_MAIN(TestEvents)
#include "test_events.moc"
