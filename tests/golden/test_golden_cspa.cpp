// Copy-suppression-preserving ablation against the golden numbers (DEFINITIONS §2).
#include "golden.h"

#include "analysis/analysis.h"
#include "task/task_source.h"

#include <QTest>

using namespace patchbay;

class TestGoldenCspa : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        if (golden::absent())
            QSKIP(golden::kAbsent);
    }

    void cspa_data()
    {
        QTest::addColumn<QString>("model");
        for (const char *model : {"neox-3x4", "gpt2-4x4"})
            QTest::newRow(model) << model;
    }
    void cspa()
    {
        QFETCH(QString, model);
        const ArrayMap expected = golden::file(model, "cspa");
        const auto loaded = Model::load({golden::model(model), {}, false});
        Session session(loaded, load_batch(no_task(), *loaded));
        const std::filesystem::path file = golden::fixtures() / "golden" / model.toStdString() / "cspa.safetensors";
        const RunResult result = run_analysis(
            session,
            spec_of(Analysis{
                "cspa", {}, {{"tokens", file.string()}, {"top_percent", expected.at("top_percent").floats()[0]}}}));
        for (const char *name : {"cspa", "cspa.kl", "cspa.kl_ablated"}) {
            const Array &actual = result.arrays.at(name), &wanted = expected.at(name);
            QCOMPARE(actual.shape, wanted.shape);
            for (size_t i = 0; i < wanted.floats().size(); ++i) {
                const double a = double(actual.floats()[i]), e = double(wanted.floats()[i]);
                QVERIFY2(
                    std::abs(a - e) <= 1e-5,
                    qPrintable(QStringLiteral("%1 %2: %3, expected %4").arg(QLatin1String(name)).arg(i).arg(a).arg(e)));
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestGoldenCspa)
#include "test_golden_cspa.moc"
