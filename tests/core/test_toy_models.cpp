// Models that TransformerLens itself saved, opened by its own configuration: logits and every activation against its
// own forward pass in float64 (tests/data/make_toys.py).
#include "core/checkpoint_folder.h"
#include "core/error_message.h"
#include "model/hooked_transformer.h"
#include "patching/session.h"

#include <QTest>

using namespace patchbay;
using nlohmann::json;

class TestToyModels : public QObject {
    Q_OBJECT

    static QString apart(const Array &actual, const Array &expected)
    {
        if (actual.floats().size() != expected.floats().size())
            return QStringLiteral("%1 numbers, expected %2").arg(actual.floats().size()).arg(expected.floats().size());
        for (size_t i = 0; i < expected.floats().size(); ++i) {
            const double a = double(actual.floats()[i]), e = double(expected.floats()[i]);
            if (!(std::abs(a - e) <= 2e-5 * (1 + std::abs(e)) || (std::isinf(e) && a == e)))
                return QStringLiteral("element %1 is %2, expected %3").arg(i).arg(a).arg(e);
        }
        return {};
    }
    static std::string folder(const QString &toy) { return PATCHBAY_SOURCE_DIR "/tests/data/" + toy.toStdString(); }

private Q_SLOTS:
    void numbers_data()
    {
        QTest::addColumn<QString>("toy");
        QTest::newRow("attention alone") << "toy-attn";
        QTest::newRow("solu") << "toy-solu";
    }
    void numbers()
    {
        QFETCH(QString, toy);
        const ArrayMap golden = read_arrays(folder(toy) + "/golden.safetensors").arrays;
        const Array &ids = golden.at("tokens");
        const Tokens tokens{int(ids.shape[0]), int(ids.shape[1]), ids.ints()};
        const auto model = Model::load({folder(toy), Processing::none(), true});
        QCOMPARE(model->config().family, "hooked_transformer");
        HookedTransformer::Options options;
        std::map<std::string, const Array *> hooks;
        for (const auto &[name, array] : golden)
            if (name.starts_with("cache."))
                hooks[name.substr(6)] = &array;
        for (const auto &[name, array] : hooks)
            options.keep.push_back(name);
        const auto run = HookedTransformer(model).run(tokens, options);
        QCOMPARE(apart(run.logits, golden.at("logits")), QString());
        for (const auto &[name, array] : hooks)
            QVERIFY2(apart(run.cache.at(name), *array).isEmpty(),
                     qPrintable(QString::fromStdString(name) + ": " + apart(run.cache.at(name), *array)));
        const double change = Model::load({folder(toy), {}, true})->trust().max_logprob_change;
        QVERIFY2(change <= 2e-5, qPrintable(QString::number(change)));
    }

    void without_mlp_there_are_no_sites_of_one()
    {
        const auto model = Model::load({folder("toy-attn"), {}, true});
        PromptBatch batch;
        batch.prompts = 1;
        batch.width = 4;
        batch.clean = {1, 2, 3, 4};
        batch.flipped = {1, 5, 3, 4};
        batch.end = {3};
        batch.io = {7};
        batch.s = {8};
        Session session(model, batch);
        ActPatch act;
        act.sites = {Site::MlpOut};
        VERIFY_MESSAGE(session.run(spec_of(act)), "have no MLP");
        PathPatch path;
        path.senders.sweep = Site::MlpOut;
        path.receivers.nodes = {{Site::ResidPost, 1, -1}};
        VERIFY_MESSAGE(session.run(spec_of(path)), "have no MLP");
        path.senders.sweep = Site::Z;
        path.receivers.nodes = {{Site::MlpPre, 1, -1}};
        VERIFY_MESSAGE(session.run(spec_of(path)), "have no MLP");
        const std::vector<std::string> names = HookedTransformer(model).hook_names();
        for (const std::string &name : names)
            QVERIFY2(name.find("mlp") == std::string::npos && name.find("ln2") == std::string::npos, name.c_str());
    }

    void other_choices_are_refused_by_name()
    {
        const auto refused = [](const char *key, const json &value, const char *cause) {
            const CheckpointFolder folder("toy-solu");
            folder.config([&](json &c) { c[key] = value; });
            return QString::fromStdString(folder.error()).contains(cause);
        };
        QVERIFY(refused("shortformer_pos", true, "\"shortformer_pos\": true is not supported"));
        QVERIFY(refused("positional_embedding_type", "rotary", "\"rotary\" is not supported"));
        QVERIFY(refused("architecture", "neel-solu-old", "\"neel-solu-old\" is not supported"));
        QVERIFY(refused("normalization_type", "BN", "BN is not supported"));
        QVERIFY(refused("act_fn", "gelu_10", "\"gelu_10\" is not supported"));
        // What its programs never read is listed as ignored.
        const CheckpointFolder folder("toy-solu");
        const std::vector<std::string> ignored = folder.load()->trust().ignored_keys;
        QVERIFY(std::find(ignored.begin(), ignored.end(), "use_wandb") != ignored.end());
    }

    void one_file_of_weights_is_meant()
    {
        const CheckpointFolder folder("toy-attn");
        folder.write("other_final.pth", folder.read("model_final.pth"));
        QVERIFY(QString::fromStdString(folder.error()).contains("2 files whose names end in final.pth"));
    }
};

QTEST_GUILESS_MAIN(TestToyModels)
#include "test_toy_models.moc"
