// Activation patching with the plain run, one site of one head (or layer) at a time, against the golden sweeps.
#include "golden/golden.h"

using namespace patchbay;

class TestGoldenInterventions : public QObject {
    Q_OBJECT

    struct Case {
        HookedTransformer transformer;
        ArrayMap batch, expected;
        int prompts, vocab;
    };
    static Case make(const QString &name)
    {
        HookedTransformer transformer(Model::load({golden::model(name), {}, false}));
        ArrayMap batch = golden::file(name, "batch");
        const int prompts = int(batch.at("clean").shape[0]), vocab = transformer.model().config().d_vocab;
        return {std::move(transformer), std::move(batch), golden::file(name, "act_patch"), prompts, vocab};
    }
    static std::vector<float> logit_diff(const Case &c, const Array &logits)
    {
        std::vector<float> out;
        const int64_t width = logits.shape[1];
        for (int p = 0; p < c.prompts; ++p) {
            const float *at = logits.floats().data() + (p * width + c.batch.at("end").ints()[size_t(p)]) * c.vocab;
            out.push_back(at[c.batch.at("io").ints()[size_t(p)]] - at[c.batch.at("s").ints()[size_t(p)]]);
        }
        return out;
    }
    /// Runs every cell of a grid; hook names carry %1 for the layer.
    static void check(const Case &c, const char *direction, const std::string &site, const char *hook,
                      bool per_query_head, bool zero = false)
    {
        const std::string grid = zero ? "zero." + site : std::string(direction) + "." + site;
        const bool denoise = std::string(direction) == "denoise";
        const Tokens base = golden::tokens(c.batch, denoise ? "flipped" : "clean"),
                     source = golden::tokens(c.batch, denoise ? "clean" : "flipped");
        const Array &expected = c.expected.at(grid);
        const int layers = int(expected.shape[0]), heads = expected.shape.size() == 3 ? int(expected.shape[1]) : 0;
        Array actual{expected.shape, std::vector<float>()};
        for (int layer = 0; layer < layers; ++layer) {
            Intervention change;
            change.hook = QString(hook).arg(layer).toStdString();
            change.kind = zero ? Intervention::Kind::Zero : Intervention::Kind::Replace;
            change.per_query_head = per_query_head;
            HookedTransformer::Options keep;
            keep.keep = {change.hook};
            keep.logits = false;
            keep.ungroup_kv = per_query_head;
            if (!zero)
                change.values = c.transformer.run(source, keep).cache.at(change.hook);
            for (int head = 0; head < std::max(heads, 1); ++head) {
                if (heads > 0)
                    change.heads = {head};
                HookedTransformer::Options patch;
                patch.interventions = {change};
                for (const float value : logit_diff(c, c.transformer.run(base, patch).logits))
                    actual.floats().push_back(value);
            }
        }
        const QString wrong = golden::difference(actual, expected);
        QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(grid) + ": " + wrong));
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void sites_data() { golden::models_as_rows(); }
    void sites()
    {
        QFETCH(QString, model);
        const Case c = make(model);
        const bool grouped = c.transformer.model().config().grouped();
        for (const char *direction : {"denoise", "noise"}) {
            check(c, direction, "z", "blocks.%1.attn.hook_z", false);
            check(c, direction, "q", "blocks.%1.attn.hook_q", false);
            check(c, direction, "k", "blocks.%1.attn.hook_k", grouped);
            check(c, direction, "v", "blocks.%1.attn.hook_v", grouped);
            check(c, direction, "pattern", "blocks.%1.attn.hook_pattern", false);
            if (grouped) {
                check(c, direction, "k_grouped", "blocks.%1.attn.hook_k", false);
                check(c, direction, "v_grouped", "blocks.%1.attn.hook_v", false);
            }
            check(c, direction, "resid_pre", "blocks.%1.hook_resid_pre", false);
            check(c, direction, "resid_post", "blocks.%1.hook_resid_post", false);
            check(c, direction, "attn_out", "blocks.%1.hook_attn_out", false);
            check(c, direction, "mlp_out", "blocks.%1.hook_mlp_out", false);
        }
        check(c, "noise", "z", "blocks.%1.attn.hook_z", false, true);
    }
};

QTEST_GUILESS_MAIN(TestGoldenInterventions)
#include "test_golden_interventions.moc"
