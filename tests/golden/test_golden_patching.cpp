// The sweep engine against the golden numbers: every cell of every prompt of activation patching, path patching,
// ablation and attribution.
#include "golden.h"

#include "patching/session.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <fstream>

using namespace patchbay;

namespace {

// Within 1e-4 of the mean clean–flipped gap.
QString apart(std::span<const float> actual, const Array &expected, double gap)
{
    if (int64_t(actual.size()) != expected.count())
        return QStringLiteral("%1 values, expected %2").arg(actual.size()).arg(expected.count());
    for (size_t i = 0; i < actual.size(); ++i)
        if (!(std::abs(double(actual[i]) - double(expected.floats()[i])) <= 1e-4 * std::abs(gap)))
            return QStringLiteral("element %1 is %2, expected %3")
                .arg(i)
                .arg(double(actual[i]), 0, 'g', 9)
                .arg(double(expected.floats()[i]), 0, 'g', 9);
    return {};
}

std::vector<Node> nodes(const nlohmann::json &json)
{
    std::vector<Node> out;
    for (const nlohmann::json &one : json)
        out.push_back(
            {parse_site(one.at("site").get<std::string>()), one.at("layer").get<int>(), one.value("head", -1)});
    return out;
}

} // namespace

class TestGoldenPatching : public QObject {
    Q_OBJECT

private:
    std::map<std::string, std::unique_ptr<Session>> m_sessions;
    Session &session(const QString &model, const QString &device)
    {
        std::unique_ptr<Session> &s = m_sessions[(model + device).toStdString()];
        if (!s) {
            Resources resources;
            resources.device = device.toStdString();
            s = std::make_unique<Session>(Model::load({golden::model(model), {}, false}),
                                          batch_from_arrays(golden::file(model, "batch"), "batch"), resources);
        }
        return *s;
    }
    static void models()
    {
        QTest::addColumn<QString>("model");
        QTest::addColumn<QString>("device");
        for (const char *model : golden::kModels)
            for (const char *device : {"cpu", "torch-cpu"})
                QTest::addRow("%s, %s", model, device) << model << device;
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void activation_data() { models(); }
    void activation()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        Session &s = session(model, device);
        const ArrayMap expected = golden::file(model, "act_patch");
        const double gap = s.baseline().gap();
        QCOMPARE(apart(s.baseline().clean, expected.at("clean"), gap), QString());
        QCOMPARE(apart(s.baseline().flipped, expected.at("flipped"), gap), QString());
        int compared = 0;
        for (const bool each : {false, true})
            for (const bool shared : {false, true})
                for (const char *kind : {"denoise", "noise", "zero"}) {
                    ActPatch spec;
                    spec.direction = std::string(kind) == "denoise" ? Direction::Denoise : Direction::Noise;
                    spec.ablation = std::string(kind) == "zero" ? Ablation::Zero : Ablation::None;
                    spec.positions = each ? Positions::each() : Positions();
                    spec.shared_kv = shared;
                    spec.sites.clear();
                    for (const Site site : {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern, Site::ResidPre,
                                            Site::ResidPost, Site::AttnOut, Site::MlpOut})
                        if (expected.count(std::string(kind) + "." + name(site) + (shared ? "_grouped" : "")
                                           + (each ? ".by_pos" : "")))
                            spec.sites.push_back(site);
                    if (spec.sites.empty())
                        continue;
                    const RunResult result = s.run(spec_of(spec));
                    QVERIFY(result.complete);
                    for (const Grid &grid : result.grids) {
                        const auto golden = expected.find(grid.name);
                        QVERIFY2(golden != expected.end(), grid.name.c_str());
                        const QString wrong = apart(grid.per_prompt, golden->second, gap);
                        QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(grid.name) + ": " + wrong));
                        ++compared;
                    }
                }
        QVERIFY2(compared >= 24, qPrintable(QString::number(compared)));
    }

    void path_data() { models(); }
    void path()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        Session &s = session(model, device);
        const ArrayMap expected = golden::file(model, "path_patch");
        std::ifstream in(golden::fixtures() / "golden" / model.toStdString() / "path_patch.json");
        const nlohmann::json runs = nlohmann::json::parse(in);
        for (const auto &[key, run] : runs.items()) {
            PathPatch spec;
            spec.direction = run.at("orig") == "flipped" ? Direction::Denoise : Direction::Noise;
            spec.ablation = run.at("new") == "zero" ? Ablation::Zero : Ablation::None;
            spec.direct_includes_mlps = run.at("direct_includes_mlps").get<bool>();
            spec.positions = parse_positions(run.at("positions").get<std::string>());
            const auto ends = [](const nlohmann::json &json) {
                Ends out;
                if (json.is_string())
                    out.sweep = parse_site(json.get<std::string>().substr(
                        6, json.get<std::string>().find(',') - 6)); // "every z, one at a time"
                else
                    out.nodes = nodes(json);
                return out;
            };
            spec.senders = ends(run.at("senders"));
            spec.receivers = ends(run.at("receivers"));
            const RunResult result = s.run(spec_of(spec));
            const QString wrong = apart(result.grids.at(0).per_prompt, expected.at(key), s.baseline().gap());
            QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(key) + ": " + wrong));
        }
    }

    void attribution_data() { models(); }
    void attribution()
    {
        QFETCH(QString, model);
        QFETCH(QString, device);
        Session &s = session(model, device);
        const ArrayMap expected = golden::file(model, "analyses");
        for (const char *kind : {"denoise", "noise"}) {
            Attribution spec;
            spec.direction = std::string(kind) == "denoise" ? Direction::Denoise : Direction::Noise;
            spec.sites = {Site::Z, Site::Q, Site::K, Site::V, Site::Pattern};
            const RunResult result = s.run(spec_of(spec));
            for (const Site site : spec.sites) {
                const std::string key = std::string("attr.") + kind + "." + name(site);
                for (const char *suffix : {"", ".per_prompt"}) {
                    const QString wrong = apart(result.arrays.at("attribution." + name(site) + suffix).floats(),
                                                expected.at(key + suffix), s.baseline().gap());
                    QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(key) + suffix + ": " + wrong));
                }
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestGoldenPatching)
#include "test_golden_patching.moc"
