// Every family that opens against transformers' own float64 numbers: logits, streams, patterns, and both sweeps over
// heads.
#include "golden/golden.h"
#include "patching/session.h"

#include <set>

using namespace patchbay;

namespace {

const std::filesystem::path kFamilies = golden::fixtures() / "families";
/// None of these may be missing.
const std::set<std::string> kOpen = {"bloom",      "cohere",      "falcon",      "falcon-mqa",    "gemma",
                                     "gemma2",     "gemma3_text", "gpt_bigcode", "gpt_neo",       "gptj",
                                     "granite",    "llama-bias",  "mistral",     "olmo",          "olmo2",
                                     "opt",        "phi",         "phi3",        "phi3-longrope", "qwen2",
                                     "qwen2-yarn", "qwen3",       "smollm3",     "stablelm",      "starcoder2"};

// Within `absolute` + `relative` |expected|.
QString apart(std::span<const float> actual, const Array &expected, double absolute, double relative)
{
    if (int64_t(actual.size()) != expected.count())
        return QStringLiteral("%1 values, expected %2").arg(actual.size()).arg(expected.count());
    for (size_t i = 0; i < actual.size(); ++i) {
        const double a = double(actual[i]), e = double(expected.floats()[i]);
        if (!(std::abs(a - e) <= absolute + relative * std::abs(e)))
            return QStringLiteral("element %1 is %2, expected %3").arg(i).arg(a, 0, 'g', 9).arg(e, 0, 'g', 9);
    }
    return {};
}

} // namespace

class TestGoldenFamilies : public QObject {
    Q_OBJECT

    /// Null when the family is not supported, which only those outside kOpen may be.
    static std::shared_ptr<const Model> load(const QString &family, const Processing &processing)
    {
        LoadOptions options;
        options.path = kFamilies / family.toStdString();
        options.processing = processing;
        try {
            return Model::load(options);
        } catch (const Error &error) {
            const QString message = QString::fromUtf8(error.what());
            if (kOpen.contains(family.toStdString()) || !message.contains("not supported"))
                QTest::qFail(qPrintable(message), __FILE__, __LINE__);
            else
                qInfo("not supported: %s", qPrintable(message));
            return nullptr;
        }
    }
    static ArrayMap numbers(const QString &family)
    {
        return read_arrays(kFamilies / family.toStdString() / "golden.safetensors").arrays;
    }
    static void families()
    {
        QTest::addColumn<QString>("family");
        std::set<std::string> names = kOpen;
        for (const auto &entry : std::filesystem::directory_iterator(kFamilies))
            names.insert(entry.path().filename().string());
        for (const std::string &name : names)
            QTest::newRow(name.c_str()) << QString::fromStdString(name);
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!std::filesystem::exists(kFamilies))
            QSKIP(golden::kAbsent);
    }

    void raw_pass_data() { families(); }
    void raw_pass()
    {
        QFETCH(QString, family);
        const auto model = load(family, Processing::none());
        if (!model)
            return;
        const ArrayMap expected = numbers(family);
        const HookedTransformer transformer(model);
        for (const std::string which : {"clean", "flipped"}) {
            const Array logits = transformer.run(golden::tokens(expected, which.c_str()), {}).logits;
            QCOMPARE(apart(logits.floats(), expected.at("logits." + which), 1e-4, 1e-4), QString());
        }
        HookedTransformer::Options options;
        options.logits = false;
        std::map<std::string, std::string> hooks;
        for (int layer = 0; layer < model->trust().config.n_layers; ++layer) {
            const std::string at = "blocks." + std::to_string(layer) + ".", number = std::to_string(layer);
            hooks[at + "hook_resid_pre"] = "hidden." + number;
            hooks[at + "attn.hook_pattern"] = "pattern." + number;
        }
        for (const auto &[hook, name] : hooks)
            options.keep.push_back(hook);
        const auto run = transformer.run(golden::tokens(expected, "clean"), options);
        for (const auto &[hook, name] : hooks) {
            const QString wrong = apart(run.cache.at(hook).floats(), expected.at(name), 1e-4, 1e-4);
            QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(name) + ": " + wrong));
        }
    }

    // Of the processed weights: neither the numbers nor the effects may tell.
    void sweeps_data() { families(); }
    void sweeps()
    {
        QFETCH(QString, family);
        const auto model = load(family, {});
        if (!model)
            return;
        QVERIFY2(model->trust().max_logprob_change <= 1e-4,
                 qPrintable(QString::number(model->trust().max_logprob_change)));
        const ArrayMap expected = numbers(family);
        Session session(model, batch_from_arrays(expected, family.toStdString()));
        const double within = 1e-4 * std::abs(session.baseline().gap());
        QCOMPARE(apart(session.baseline().clean, expected.at("ld.clean"), within, 0), QString());
        QCOMPARE(apart(session.baseline().flipped, expected.at("ld.flipped"), within, 0), QString());

        ActPatch act;
        act.sites = {Site::Z};
        QCOMPARE(apart(session.run(spec_of(act)).grids.at(0).per_prompt, expected.at("act.z"), within, 0), QString());

        PathPatch path;
        path.direction = Direction::Noise;
        path.senders.sweep = Site::Z;
        path.receivers.nodes = {{Site::ResidPost, model->trust().config.n_layers - 1, -1}};
        QCOMPARE(apart(session.run(spec_of(path)).grids.at(0).per_prompt, expected.at("path.z"), within, 0), QString());
    }
};

QTEST_GUILESS_MAIN(TestGoldenFamilies)
#include "test_golden_families.moc"
