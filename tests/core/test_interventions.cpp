// Changing activations while a model runs: every hook point acts, and the ways to say the same thing agree.
#include "golden/golden.h"

using namespace patchbay;
using Kind = Intervention::Kind;

class TestInterventions : public QObject {
    Q_OBJECT

    struct Case {
        HookedTransformer transformer;
        Tokens clean, other;
        HookedTransformer::Output base, source; ///< everything kept
    };
    static Case make(const QString &name)
    {
        const std::filesystem::path folder = PATCHBAY_SOURCE_DIR "/tests/data/" + name.toStdString();
        HookedTransformer transformer(Model::load({folder, {}, false}));
        const Tokens clean = golden::tokens(read_arrays(folder / "golden.safetensors").arrays, "tokens");
        Tokens other = clean;
        for (size_t i = 0; i < other.ids.size(); ++i)
            other.ids[i] = (other.ids[i] + 1 + int64_t(i % 3)) % transformer.model().config().d_vocab;
        HookedTransformer::Options all;
        all.keep = transformer.hook_names();
        auto base = transformer.run(clean, all), source = transformer.run(other, all);
        return {std::move(transformer), clean, std::move(other), std::move(base), std::move(source)};
    }
    static Array logits(const Case &c, std::vector<Intervention> changes)
    {
        HookedTransformer::Options options;
        options.interventions = std::move(changes);
        return c.transformer.run(c.clean, options).logits;
    }
    static Intervention replace(const Case &c, const std::string &hook, std::vector<int> heads = {},
                                std::vector<std::vector<int>> positions = {})
    {
        return {hook, Kind::Replace, c.source.cache.at(hook), std::move(heads), std::move(positions), false};
    }
    static double distance(const Array &a, const Array &b)
    {
        double worst = a.shape == b.shape ? 0 : 1e9;
        for (size_t i = 0; i < a.floats().size() && a.shape == b.shape; ++i) {
            const double apart = std::abs(a.floats()[i] - b.floats()[i]);
            worst = std::isnan(apart) ? 1e9 : std::max(worst, apart);
        }
        return worst;
    }
    static QString error_of(const Case &c, const Intervention &change)
    {
        try {
            logits(c, {change});
        } catch (const Error &error) {
            return error.what();
        }
        return {};
    }
    static void models_as_rows()
    {
        QTest::addColumn<QString>("model");
        for (const char *name : {"tiny-neox", "tiny-gpt2", "tiny-llama"})
            QTest::newRow(name) << name;
    }

private Q_SLOTS:
    void every_hook_point_acts_data() { models_as_rows(); }
    void every_hook_point_acts()
    {
        QFETCH(QString, model);
        const Case c = make(model);
        for (const std::string &hook : c.transformer.hook_names()) {
            // What it is already changes nothing, …
            const Array own = logits(c, {{hook, Kind::Replace, c.base.cache.at(hook), {}, {}, false}});
            QVERIFY2(distance(own, c.base.logits) < 2e-5, hook.c_str());
            // … another run's values change the answer, and so does each of the other kinds.
            QVERIFY2(distance(logits(c, {replace(c, hook)}), c.base.logits) > 1e-4 || hook == "hook_pos_embed",
                     hook.c_str());
            QVERIFY2(distance(logits(c, {{hook, Kind::Zero, {}, {}, {}, false}}), c.base.logits) > 1e-4, hook.c_str());
            QVERIFY2(distance(logits(c, {{hook, Kind::Mean, {}, {}, {}, false}}), c.base.logits) > 1e-4
                         || hook == "hook_pos_embed",
                     hook.c_str());
            QVERIFY2(distance(logits(c, {{hook, Kind::Add, c.source.cache.at(hook), {}, {}, false}}), c.base.logits)
                         > 1e-4,
                     hook.c_str());
        }
    }

    void the_whole_stream_carries_everything_data() { models_as_rows(); }
    void the_whole_stream_carries_everything()
    {
        QFETCH(QString, model);
        const Case c = make(model);
        for (const char *hook : {"blocks.0.hook_resid_pre", "blocks.0.hook_resid_post", "blocks.1.hook_resid_post",
                                 "ln_final.hook_normalized"})
            QVERIFY2(distance(logits(c, {replace(c, hook)}), c.source.logits) < 2e-5, hook);
    }

    void an_input_of_one_head_is_its_query_key_or_value_data() { models_as_rows(); }
    void an_input_of_one_head_is_its_query_key_or_value()
    {
        QFETCH(QString, model);
        const Case c = make(model);
        for (const char *part : {"q", "k", "v"})
            for (const std::vector<std::vector<int>> &positions :
                 {std::vector<std::vector<int>>{}, {{5}}, {{0, 2}, {1}}}) {
                const std::string input = std::string("blocks.1.hook_") + part + "_input",
                                  at = std::string("blocks.1.attn.hook_") + part;
                const Array through_input = logits(c, {replace(c, input, {1}, positions)});
                QVERIFY(distance(through_input, logits(c, {replace(c, at, {1}, positions)})) < 2e-5);
                QVERIFY(distance(through_input, c.base.logits) > 1e-4);
            }
        // All three together are the head's attention input.
        if (!c.transformer.model().config().grouped())
            QVERIFY(distance(logits(c, {replace(c, "blocks.1.hook_attn_in", {2})}),
                             logits(c,
                                    {replace(c, "blocks.1.attn.hook_q", {2}), replace(c, "blocks.1.attn.hook_k", {2}),
                                     replace(c, "blocks.1.attn.hook_v", {2})}))
                    < 2e-5);
    }

    void zeroing_a_head_is_zeroing_its_result_data() { models_as_rows(); }
    void zeroing_a_head_is_zeroing_its_result()
    {
        QFETCH(QString, model);
        const Case c = make(model);
        const Array z = logits(c, {{"blocks.0.attn.hook_z", Kind::Zero, {}, {3}, {}, false}});
        const Array result = logits(c, {{"blocks.0.attn.hook_result", Kind::Zero, {}, {3}, {}, false}});
        QVERIFY(distance(z, result) < 2e-5);
        QVERIFY(distance(z, c.base.logits) > 1e-4);
    }

    void positions_and_heads_limit_the_change()
    {
        const Case c = make("tiny-gpt2");
        HookedTransformer::Options options;
        options.keep = {"blocks.0.attn.hook_z", "blocks.0.attn.hook_pattern"};
        options.interventions = {replace(c, "blocks.0.attn.hook_z", {1, 2}, {{3}, {0, 6}}),
                                 replace(c, "blocks.0.attn.hook_pattern", {0}, {{4}})};
        const auto output = c.transformer.run(c.clean, options);
        for (int p = 0; p < 2; ++p)
            for (int t = 0; t < 7; ++t)
                for (int h = 0; h < 4; ++h) {
                    const bool z_changed = (h == 1 || h == 2) && (p == 0 ? t == 3 : t == 0 || t == 6);
                    const size_t z_at = size_t(((p * 7 + t) * 4 + h) * 4);
                    const std::string z = "blocks.0.attn.hook_z", pattern = "blocks.0.attn.hook_pattern";
                    if (!(h == 0 && t == 4))
                        QCOMPARE(output.cache.at(z).floats()[z_at],
                                 (z_changed ? c.source : c.base).cache.at(z).floats()[z_at]);
                    const size_t pattern_at = size_t(((p * 4 + h) * 7 + t) * 7);
                    QCOMPARE(output.cache.at(pattern).floats()[pattern_at],
                             (h == 0 && t == 4 ? c.source : c.base).cache.at(pattern).floats()[pattern_at]);
                }
    }

    void a_group_is_all_of_its_query_heads()
    {
        const Case c = make("tiny-llama");
        for (const char *hook : {"blocks.0.attn.hook_k", "blocks.1.attn.hook_v", "blocks.1.attn.hook_rot_k",
                                 "blocks.1.hook_v_input", "blocks.0.hook_k_input"}) {
            HookedTransformer::Options options;
            options.keep = {hook};
            options.ungroup_kv = true;
            const Array ungrouped = c.transformer.run(c.other, options).cache.at(hook);
            QCOMPARE(ungrouped.shape[2], int64_t(4));
            const auto per_head = [&](std::vector<int> heads) {
                return Intervention{hook, Kind::Replace, ungrouped, std::move(heads), {}, true};
            };
            const Array shared = logits(c, {replace(c, hook, {1})});
            QVERIFY2(distance(shared, logits(c, {per_head({2, 3})})) < 2e-5, hook);
            QVERIFY2(distance(shared, logits(c, {per_head({2})})) > 1e-4, hook);
            QVERIFY2(distance(c.base.logits, logits(c, {per_head({2})})) > 1e-4, hook);
        }
    }

    void split_inputs_run_the_norm_for_each_head()
    {
        const Case c = make("tiny-neox");
        HookedTransformer::Options options;
        options.split_qkv = true;
        options.keep = {"blocks.1.ln1.hook_scale", "blocks.1.ln1.hook_normalized", "blocks.1.hook_v_input"};
        const auto output = c.transformer.run(c.clean, options);
        QCOMPARE(output.cache.at("blocks.1.ln1.hook_scale").shape, (std::vector<int64_t>{2, 7, 4, 1}));
        QCOMPARE(output.cache.at("blocks.1.ln1.hook_normalized").shape, (std::vector<int64_t>{2, 7, 4, 16}));
        QVERIFY(distance(output.logits, c.base.logits) < 2e-5);
    }

    void what_cannot_be_done_is_explained()
    {
        const Case c = make("tiny-neox");
        const Array values = c.source.cache.at("blocks.0.attn.hook_z");
        QVERIFY(error_of(c, {"blocks.0.hook_resid_mid", Kind::Zero, {}, {}, {}, false}).contains("parallel"));
        QVERIFY(error_of(c, {"blocks.7.attn.hook_z", Kind::Zero, {}, {}, {}, false})
                    .contains("blocks.7.attn.hook_z: this model has no such hook point"));
        QVERIFY(error_of(c, {"blocks.0.attn.hook_z", Kind::Zero, {}, {4}, {}, false})
                    .contains("head 4 does not exist; there are 4"));
        QVERIFY(error_of(c, {"blocks.0.hook_mlp_out", Kind::Zero, {}, {0}, {}, false}).contains("has no heads"));
        QVERIFY(error_of(c, {"blocks.0.attn.hook_z", Kind::Zero, {}, {}, {{7}}, false})
                    .contains("position 7 does not exist"));
        QVERIFY(error_of(c, {"blocks.0.attn.hook_z", Kind::Zero, {}, {}, {{0}, {0}, {0}}, false})
                    .contains("positions of 3 prompts were given for 2"));
        QVERIFY(error_of(c, {"blocks.0.hook_mlp_out", Kind::Replace, values, {}, {}, false})
                    .contains("[2, 7, 4, 4], the activation has [2, 7, 16]"));
        QVERIFY(error_of(c, {"blocks.0.hook_mlp_out", Kind::Add, {}, {}, {}, false}).contains("has no values"));
        QVERIFY(error_of(c, {"blocks.0.attn.hook_q", Kind::Zero, {}, {}, {}, true}).contains("only keys and values"));
        QVERIFY_EXCEPTION_THROWN(c.transformer.match({"blocks.0.hook_nothing*"}), Error);
        QCOMPARE(c.transformer.match({"blocks.?.attn.hook_z"}),
                 (std::vector<std::string>{"blocks.0.attn.hook_z", "blocks.1.attn.hook_z"}));
        QCOMPARE(c.transformer.match({"*"}), c.transformer.hook_names());
    }

    void a_cancelled_run_ends()
    {
        const Case c = make("tiny-neox");
        const CancelToken cancel;
        cancel.cancel();
        QVERIFY_EXCEPTION_THROWN(c.transformer.run(c.clean, {}, cancel), Cancelled);
    }
};

QTEST_GUILESS_MAIN(TestInterventions)
#include "test_interventions.moc"
