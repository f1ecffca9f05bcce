// The analyses against the golden numbers (definitions in DESIGN §3).
#include "golden.h"

#include "analysis/analysis.h"

#include <QTest>

#include <nlohmann/json.hpp>

#include <fstream>

using namespace patchbay;

namespace {

// 1e-4 of the value or of the mean clean–flipped gap, whichever is wider.
QString apart(const Array &actual, const Array &expected, double gap)
{
    if (actual.shape != expected.shape)
        return QStringLiteral("the shapes differ");
    for (size_t i = 0; i < expected.floats().size(); ++i) {
        const double a = double(actual.floats()[i]), e = double(expected.floats()[i]);
        if (!(std::abs(a - e) <= 1e-4 * std::max(std::abs(e), std::abs(gap))))
            return QStringLiteral("element %1 is %2, expected %3").arg(i).arg(a, 0, 'g', 9).arg(e, 0, 'g', 9);
    }
    return {};
}

nlohmann::json dotted_heads(const nlohmann::json &pairs)
{
    nlohmann::json out = nlohmann::json::array();
    for (const nlohmann::json &pair : pairs)
        out.push_back(dotted(Head{pair[0], pair[1]}));
    return out;
}

std::vector<Head> heads(const nlohmann::json &pairs)
{
    std::vector<Head> out;
    for (const nlohmann::json &pair : pairs)
        out.push_back({pair[0], pair[1]});
    return out;
}

} // namespace

class TestGoldenAnalyses : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void analyses_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : golden::kModels)
            QTest::newRow(model) << model;
    }
    void analyses()
    {
        QFETCH(QString, model);
        Session session(Model::load({golden::model(model), {}, false}),
                        batch_from_arrays(golden::file(model, "batch"), "batch"));
        const ArrayMap expected = golden::file(model, "analyses");
        std::ifstream in(golden::fixtures() / "golden" / model.toStdString() / "analyses.json");
        const nlohmann::json given = nlohmann::json::parse(in);

        std::vector<RunSpec> specs;
        const auto add = [&](const char *name, std::vector<Head> of = {}, nlohmann::json options = nullptr) {
            specs.push_back(spec_of(Analysis{name, std::move(of), std::move(options)}));
        };
        add("dla");
        add("copy-scores");
        add("attention");
        add("logit-lens");
        add("ablate", heads(given.at("ablate.heads")));
        add("s2i", heads(given.at("s2i.candidates")), {{"name_movers", dotted_heads(given.at("s2i.name_movers"))}});
        const std::vector<int64_t> &tokens = expected.at("detector.tokens").ints();
        nlohmann::json rows = nlohmann::json::array();
        for (size_t r = 0; r < tokens.size(); r += 30)
            rows.push_back(
                std::vector<int64_t>(tokens.begin() + std::ptrdiff_t(r), tokens.begin() + std::ptrdiff_t(r + 30)));
        add("detectors", {}, {{"tokens", rows}});

        ArrayMap actual;
        for (const RunSpec &spec : specs) {
            const RunResult result = run_analysis(session, spec);
            QVERIFY(result.complete);
            actual.insert(result.arrays.begin(), result.arrays.end());
            if (spec.as<Analysis>()->name == "dla")
                QVERIFY(result.summary.at("components") == given.at("components"));
        }
        int compared = 0;
        for (const auto &[name, array] : expected) {
            if (name.starts_with("attr.") || name == "copy.example_logits" || !array.is_float())
                continue;
            QVERIFY2(actual.count(name), name.c_str());
            const QString wrong = name.starts_with("copy.") && actual.at(name).floats() != array.floats()
                ? QStringLiteral("differs")
                : apart(actual.at(name), array, session.baseline().gap());
            QVERIFY2(wrong.isEmpty(), qPrintable(QString::fromStdString(name) + ": " + wrong));
            ++compared;
        }
        QVERIFY2(compared >= 30, qPrintable(QString::number(compared)));
    }
};

QTEST_GUILESS_MAIN(TestGoldenAnalyses)
#include "test_golden_analyses.moc"
