// Angles of rotary embeddings, scaled ones too, against transformers' 5.24 (modeling_rope_utils, float32).
#include "model/rotary.h"

#include <QTest>

#include <cmath>

using namespace patchbay;

class TestRotary : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void llama_3_1()
    {
        const std::vector<double> f = rotary_frequencies(llama(128, 8, 8192));
        QCOMPARE(f.size(), size_t(64));
        QVERIFY(close(f[1], 0.814617217));
        QVERIFY(close(f[28], 0.00321144611));
        QVERIFY(close(f[29], 0.00216657063));
        QVERIFY(close(f[30], 0.00137189368));
        QVERIFY(close(f[31], 0.00085675146));
        QVERIFY(close(f[32], 0.000524846022));
        QVERIFY(close(f[33], 0.00031269365));
        QVERIFY(close(f[34], 0.000178507791));
        QVERIFY(close(f[35], 9.55621217e-05));
        QVERIFY(close(f[36], 7.78465546e-05));
        QVERIFY(close(f[63], 3.06892588e-07));
    }

    void llama_3_2()
    {
        const std::vector<double> f = rotary_frequencies(llama(64, 32, 8192));
        QCOMPARE(f.size(), size_t(32));
        QVERIFY(close(f[0], 1));
        QVERIFY(close(f[14], 0.00321144611));
        QVERIFY(close(f[15], 0.00129054801));
        QVERIFY(close(f[16], 0.000429556705));
        QVERIFY(close(f[17], 9.70828623e-05));
        QVERIFY(close(f[18], 1.94616387e-05));
        QVERIFY(close(f[31], 9.41830649e-08));
    }

    void linear_and_none()
    {
        ModelConfig c = llama(64, 4, 8192);
        c.rotary_scaling.type = RotaryScaling::Type::None;
        const std::vector<double> plain = rotary_frequencies(c);
        QCOMPARE(plain[0], 1.0);
        QVERIFY(close(plain[31], std::pow(5e5, -62.0 / 64)));
        c.rotary_scaling.type = RotaryScaling::Type::Linear;
        const std::vector<double> slow = rotary_frequencies(c);
        for (size_t i = 0; i < plain.size(); ++i)
            QCOMPARE(slow[i], plain[i] / 4);
        c.rotary_dim = 0;
        QVERIFY(rotary_frequencies(c).empty());
    }

    // In double precision, from the same functions.
    void yarn()
    {
        ModelConfig c = llama(16, 4, 64);
        c.rotary_base = 10000;
        RotaryScaling &s = c.rotary_scaling;
        s.type = RotaryScaling::Type::Yarn;
        s.high_freq_factor = 32;
        compare(rotary_frequencies(c),
                {1.0, 0.237170824512628, 0.05, 0.00790569415042095, 0.0025, 0.000790569415042095, 0.00025,
                 7.90569415042095e-05});
        s.factor = 8;
        s.original_ctx = 200;
        s.low_freq_factor = 2;
        s.high_freq_factor = 16;
        s.truncated = false;
        compare(rotary_frequencies(c),
                {1.0, 0.254560348665777, 0.0320542656579388, 0.00395284707521047, 0.00125, 0.000395284707521047,
                 0.000125, 3.95284707521047e-05});
    }

    void longrope_goes_by_the_width_of_the_batch()
    {
        ModelConfig c = llama(16, 8, 16);
        c.rotary_base = 10000;
        RotaryScaling &s = c.rotary_scaling;
        s.type = RotaryScaling::Type::LongRope;
        s.long_factors = {2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5};
        s.short_factors = {1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7};
        compare(rotary_frequencies(c, 0, 17),
                {0.5, 0.126491106406735, 0.0333333333333333, 0.00903507902905251, 0.0025, 0.000702728368926307, 0.0002,
                 5.74959574576069e-05});
        compare(rotary_frequencies(c, 0, 16),
                {1.0, 0.287479787288034, 0.0833333333333333, 0.024325212770526, 0.00714285714285714,
                 0.00210818510677892, 0.000625, 0.000186016332951081});
    }

private:
    static void compare(const std::vector<double> &actual, const std::vector<double> &expected)
    {
        QCOMPARE(actual.size(), expected.size());
        for (size_t i = 0; i < actual.size(); ++i)
            QVERIFY2(std::abs(actual[i] - expected[i]) <= 1e-12 * expected[i], qPrintable(QString::number(i)));
    }
    static ModelConfig llama(int d_head, double factor, double original)
    {
        ModelConfig c;
        c.rotary_dim = d_head;
        c.rotary_base = 5e5;
        c.rotary_scaling.type = RotaryScaling::Type::Llama3;
        c.rotary_scaling.factor = factor;
        c.rotary_scaling.original_ctx = original;
        return c;
    }
    static bool close(double a, double b) { return std::abs(a - b) <= 2e-6 * std::abs(b); }
};

QTEST_GUILESS_MAIN(TestRotary)
#include "test_rotary.moc"
