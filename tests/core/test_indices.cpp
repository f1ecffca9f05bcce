// Indices from the user that are not there: refused with the index and the range, instead of an effect of nothing.
#include "analysis/analysis.h"
#include "core/error_message.h"

#include <QtTest>

using namespace patchbay;

namespace {

ModelConfig small_config()
{
    ModelConfig c;
    c.n_layers = 2;
    c.n_heads = c.n_kv_heads = 3;
    c.d_head = 4;
    c.d_model = 12;
    c.d_mlp = 24;
    c.d_vocab = 20;
    c.n_ctx = 16;
    c.parallel = true;
    c.rotary_dim = 4;
    return c;
}

PromptBatch small_batch()
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
    Session m_session{Model::random(small_config(), 5), small_batch()};

private Q_SLOTS:
    void positions()
    {
        RunSpec path;
        path.method = Method::PathPatch;
        path.receivers = parse_ends("resid_post:1");
        RunSpec ablate;
        ablate.method = Method::Ablate;
        ablate.ablation = Ablation::Zero;
        ablate.heads = {{0, 1}};
        RunSpec attribution;
        attribution.method = Method::Attribution;
        for (RunSpec spec : {RunSpec(), path, ablate, attribution}) {
            for (const char *list : {"99", "3,99", "99,3"}) {
                spec.positions = parse_positions(list);
                VERIFY_MESSAGE(m_session.run(spec), "positions: 99 is out of range: the positions are 0 to 4");
            }
            spec.positions = parse_positions("5"); // padding of every prompt
            VERIFY_MESSAGE(m_session.run(spec), "positions: 5 is out of range: the positions are 0 to 4");
            spec.positions = {Positions::Kind::List, {}};
            VERIFY_MESSAGE(m_session.run(spec), "positions: the list is empty");
            spec.positions = {Positions::Kind::List, {-1}};
            VERIFY_MESSAGE(m_session.run(spec), "positions: -1 is out of range");
            spec.positions = parse_positions("2,4"); // the longer prompt's last
            QVERIFY(m_session.run(spec).complete);
        }
    }

    void heads_and_layers()
    {
        RunSpec spec;
        for (const Head head : {Head{2, 0}, Head{0, 3}, Head{-1, 0}}) {
            spec.heads = {{0, 0}, head};
            VERIFY_MESSAGE(m_session.run(spec), label(head) + ": this model has 2 layers of 3 heads, counted from 0");
        }
        RunSpec path;
        path.method = Method::PathPatch;
        for (const char *receivers : {"resid_post:2", "q:1.3", "mlp_pre:2", "q:1.0,q:2.0"}) {
            path.receivers = parse_ends(receivers);
            VERIFY_MESSAGE(m_session.run(path), "this model has 2 layers of 3 heads, counted from 0");
        }
        path.receivers = parse_ends("resid_post:1");
        path.senders = parse_ends("z:0.0,mlp_out:2");
        VERIFY_MESSAGE(m_session.run(path), "senders mlp_out:2: this model has 2 layers of 3 heads, counted from 0");
        RunSpec analysis;
        analysis.method = Method::Analysis;
        analysis.heads = {{9, 0}};
        for (const char *name : {"dla", "ablate", "attention-patterns", "logit-lens"}) {
            analysis.analysis = name;
            VERIFY_MESSAGE(run_analysis(m_session, analysis), "L9H0: this model has 2 layers of 3 heads, counted from 0");
        }
    }

    void prompts()
    {
        RunSpec spec;
        spec.method = Method::Analysis;
        spec.analysis = "attention-patterns";
        spec.heads = {{0, 0}};
        for (const int prompt : {2, -1, 1000000}) {
            spec.options = {{"prompt", prompt}};
            VERIFY_MESSAGE(run_analysis(m_session, spec), "options.prompt: " + std::to_string(prompt) + " is out of range: the prompts are 0 to 1");
        }
        spec.options = {{"prompt", 0.5}};
        VERIFY_MESSAGE(run_analysis(m_session, spec), "options.prompt: 0.5 is not the index of a prompt");
        spec.options = {{"prompt", 1}};
        QVERIFY(run_analysis(m_session, spec).complete);
    }
};

QTEST_GUILESS_MAIN(TestIndices)
#include "test_indices.moc"
