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

private:
    static ModelConfig llama(int d_head, double factor, double original)
    {
        ModelConfig c;
        c.rotary_dim = d_head;
        c.rotary_base = 5e5;
        c.rotary_scaling = {RotaryScaling::Type::Llama3, factor, 1, 4, original};
        return c;
    }
    static bool close(double a, double b) { return std::abs(a - b) <= 2e-6 * std::abs(b); }
};

QTEST_GUILESS_MAIN(TestRotary)
#include "test_rotary.moc"
