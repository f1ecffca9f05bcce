// Indices from the user that are not there: refused with the index and the range, instead of an effect of nothing.
#include "analysis/analysis.h"
#include "core/error_message.h"
#include "core/small_case.h"

#include <QtTest>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

PromptBatch two_prompts()
{
    PromptBatch b;
    b.prompts = 2;
    b.width = 6;
    b.clean = {1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 9, 0};
    b.flipped = {1, 2, 7, 4, 0, 0, 5, 6, 3, 8, 9, 0};
    b.end = {3, 4};
    b.io = {10, 11};
    b.s = {12, 13};
    return b;
}

} // namespace

class TestIndices : public QObject {
    Q_OBJECT
    Session m_session{Model::random(small_config(2, 3, 4), 5), two_prompts()};

private Q_SLOTS:
    void positions()
    {
        const Positions nowhere{Positions::Kind::List, {}, {}}, negative{Positions::Kind::List, {}, {-1}};
        const auto run = [&](const Positions &positions, int which) {
            if (which == 3)
                return run_analysis(m_session,
                                    spec_of(Analysis{"ablate", {{0, 1}}, {{"positions", to_string(positions)}}}));
            ActPatch sweep;
            sweep.positions = positions;
            Attribution estimate;
            estimate.positions = positions;
            PathPatch path;
            path.receivers = parse_ends("resid_post:1");
            path.positions = positions;
            return m_session.run(which == 0 ? spec_of(sweep) : which == 1 ? spec_of(estimate) : spec_of(path));
        };
        for (int which = 0; which < 4; ++which) {
            for (const char *list : {"99", "3,99", "99,3"})
                VERIFY_MESSAGE(run(parse_positions(list), which),
                               "positions: 99 is out of range: the positions are 0 to 4");
            VERIFY_MESSAGE(run(parse_positions("5"), which),
                           "positions: 5 is out of range: the positions are 0 to 4"); // padding of every prompt
            QVERIFY(run(parse_positions("2,4"), which).complete);                     // the longer prompt's last
            if (which == 3)
                continue; // given as text there
            VERIFY_MESSAGE(run(nowhere, which), "positions: the list is empty");
            VERIFY_MESSAGE(run(negative, which), "positions: -1 is out of range");
        }
    }

    void heads_and_layers()
    {
        for (const Head head : {Head{2, 0}, Head{0, 3}, Head{-1, 0}}) {
            ActPatch sweep;
            sweep.heads = {{0, 0}, head};
            VERIFY_MESSAGE(m_session.run(spec_of(sweep)),
                           label(head) + ": this model has 2 layers of 3 heads, counted from 0");
        }
        PathPatch path;
        for (const char *receivers : {"resid_post:2", "q:1.3", "mlp_pre:2", "q:1.0,q:2.0"}) {
            path.receivers = parse_ends(receivers);
            VERIFY_MESSAGE(m_session.run(spec_of(path)), "this model has 2 layers of 3 heads, counted from 0");
        }
        path.receivers = parse_ends("resid_post:1");
        path.senders = parse_ends("z:0.0,mlp_out:2");
        VERIFY_MESSAGE(m_session.run(spec_of(path)),
                       "senders mlp_out:2: this model has 2 layers of 3 heads, counted from 0");
        for (const char *name : {"dla", "ablate", "attention-patterns", "logit-lens"})
            VERIFY_MESSAGE(run_analysis(m_session, spec_of(Analysis{name, {{9, 0}}, nullptr})),
                           "L9H0: this model has 2 layers of 3 heads, counted from 0");
    }

    void prompts()
    {
        const auto run = [&](const nlohmann::json &prompt) {
            return run_analysis(m_session, spec_of(Analysis{"attention-patterns", {{0, 0}}, {{"prompt", prompt}}}));
        };
        for (const int prompt : {2, 1000000})
            VERIFY_MESSAGE(run(prompt),
                           "options.prompt: " + std::to_string(prompt) + " is out of range: the prompts are 0 to 1");
        for (const nlohmann::json &prompt : {nlohmann::json(-1), nlohmann::json(0.5), nlohmann::json("1")})
            VERIFY_MESSAGE(run(prompt), "options.prompt");
        QVERIFY(run(1).complete);
    }
};

QTEST_GUILESS_MAIN(TestIndices)
#include "test_indices.moc"
