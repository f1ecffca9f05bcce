// The plain pass against the model's definition: every hook point's value, and what changing it does, on random models
// of all traits.
#include "definition.h"
#include "random_case.h"

#include <QTest>

using namespace patchbay;
using namespace random_case;

namespace {

QString apart(const Array &plain, const Doubles &definition)
{
    if (plain.shape != definition.shape)
        return QStringLiteral("the shapes differ");
    for (size_t i = 0; i < definition.values.size(); ++i) {
        const double is = double(plain.floats()[i]), expected = definition.values[i];
        if (!(is == expected || std::abs(is - expected) <= 2e-4 * (1 + std::abs(expected))))
            return QStringLiteral("number %1 is %2, by definition %3").arg(i).arg(is).arg(expected);
    }
    return {};
}

Array to_array(const Doubles &x)
{
    return {x.shape, std::vector<float>(x.values.begin(), x.values.end())};
}

Tokens random_tokens(Draw &draw, const ModelConfig &c, int prompts, int width)
{
    Tokens out{prompts, width, {}};
    for (int i = 0; i < prompts * width; ++i)
        out.ids.push_back(draw.below(c.d_vocab));
    return out;
}

struct Case {
    std::shared_ptr<const Model> model;
    Tokens tokens, other;
};

Case random_model(Draw &draw, uint64_t seed)
{
    const ModelConfig config = random_config(draw);
    const Processing processing =
        draw.chance(50) ? Processing() : Processing{draw.chance(50), draw.chance(50), draw.chance(50), draw.chance(50)};
    const int prompts = draw.between(1, 3), width = draw.between(2, 9);
    return {Model::random(config, seed, processing), random_tokens(draw, config, prompts, width),
            random_tokens(draw, config, prompts, width)};
}

} // namespace

class TestPlainPass : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyHookPoint()
    {
        for (uint64_t seed = 1; seed <= 100; ++seed) {
            Draw draw(seed * 48611);
            const Case c = random_model(draw, seed);
            const HookedTransformer transformer(c.model);
            HookedTransformer::Options options;
            options.keep = transformer.hook_names();
            options.ungroup_kv = draw.chance(50);
            const auto plain = transformer.run(c.tokens, options);
            const auto expected = Definition(*c.model).run(c.tokens, {}, options.ungroup_kv);
            QCOMPARE(plain.cache.size(), expected.cache.size());
            for (const auto &[hook, values] : expected.cache) {
                QVERIFY2(plain.cache.count(hook) == 1, hook.c_str());
                const QString wrong = apart(plain.cache.at(hook), values);
                QVERIFY2(
                    wrong.isEmpty(),
                    qPrintable(QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(hook), wrong)));
            }
            const QString wrong = apart(plain.logits, expected.logits);
            QVERIFY2(wrong.isEmpty(), qPrintable(QStringLiteral("seed %1, logits: %2").arg(seed).arg(wrong)));
        }
    }

    void everyChange()
    {
        using Kind = Intervention::Kind;
        for (uint64_t seed = 1; seed <= 200; ++seed) {
            Draw draw(seed * 27644437);
            const Case c = random_model(draw, seed);
            const ModelConfig &config = c.model->config();
            const HookedTransformer transformer(c.model);
            const std::vector<std::string> names = transformer.hook_names();
            Change change;
            change.hook = draw.of(names);
            const bool kv = change.hook.ends_with("hook_k") || change.hook.ends_with("hook_v")
                || change.hook.ends_with("_k_input") || change.hook.ends_with("_v_input")
                || change.hook.ends_with("hook_rot_k") || change.hook.ends_with("hook_k_norm")
                || (change.hook.find("k_norm.hook_") != std::string::npos && config.qk_norm == QkNorm::PerHead);
            change.per_query_head = config.grouped() && kv && draw.chance(50);
            const Definition definition(*c.model);
            change.values = definition.run(c.other, {}, change.per_query_head).cache.at(change.hook);
            // What is not seen is minus infinity, to which nothing can be added.
            change.kind = change.hook.ends_with("attn_scores")
                ? Kind::Replace
                : draw.of(std::vector<Kind>{Kind::Replace, Kind::Add, Kind::Zero, Kind::Mean});
            if (change.kind == Kind::Zero && change.hook.ends_with("hook_scale"))
                change.kind = Kind::Add; // nothing can be divided by it
            if (change.values.shape.size() == 4 && draw.chance(50))
                change.heads = {draw.below(int(
                    change.values.shape[change.hook.ends_with("pattern") || change.hook.ends_with("scores") ? 1 : 2]))};
            if (draw.chance(50))
                change.positions = {{draw.below(c.tokens.width)}};
            HookedTransformer::Options options;
            options.interventions = {{change.hook, change.kind, to_array(change.values), change.heads, change.positions,
                                      change.per_query_head}};
            const QString wrong =
                apart(transformer.run(c.tokens, options).logits, definition.run(c.tokens, {change}).logits);
            QVERIFY2(wrong.isEmpty(),
                     qPrintable(
                         QStringLiteral("seed %1, %2: %3").arg(seed).arg(QString::fromStdString(change.hook), wrong)));
        }
    }
};

QTEST_GUILESS_MAIN(TestPlainPass)
#include "test_plain_pass.moc"
