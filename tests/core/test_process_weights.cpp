// Weight processing is exact to the last bit of float32, however long its sums and whatever multiplies matrices on this
// machine.
#include "io/array_files.h"
#include "model/model.h"
#include "model/weight_arrays.h"

#include <QTest>

#include <cmath>

using namespace patchbay;

class TestProcessWeights : public QObject {
    Q_OBJECT

    static ArrayMap weights(const Processing &processing)
    {
        ModelConfig c;
        c.family = "llama";
        c.n_layers = 1;
        c.n_heads = 6;
        c.n_kv_heads = 3;
        c.d_model = 300; // no multiple of anything
        c.d_head = 22;
        c.rotary_dim = 22;
        c.d_mlp = 517;
        c.d_vocab = 700;
        c.n_ctx = 8;
        c.activation = Activation::Silu;
        c.gated_mlp = true;
        return weight_arrays(*Model::random(c, 3, processing));
    }

    /// Every number is the float32 nearest to the exact one, but for exact ones that lie halfway and sums that nearly
    /// vanish.
    static void compare(const Array &actual, const std::vector<double> &expected, const char *what)
    {
        QCOMPARE(actual.floats().size(), expected.size());
        for (size_t i = 0; i < expected.size(); ++i) {
            const double error = std::abs(double(actual.floats()[i]) - expected[i]);
            QVERIFY2(error <= std::abs(expected[i]) * 0x1.0001p-24 + 1e-15,
                     qPrintable(QStringLiteral("%1[%2]: %3 off").arg(what).arg(i).arg(error)));
        }
    }

    /// bias + row W, for each of the matrices in W [.., rows, columns].
    static std::vector<double> plus_product(const Array &bias, const std::vector<float> &row, const Array &W)
    {
        std::vector<double> out(bias.floats().begin(), bias.floats().end());
        const size_t rows = size_t(W.shape[W.shape.size() - 2]), columns = size_t(W.shape.back());
        for (size_t k = 0; k < W.floats().size(); ++k)
            out[k / (rows * columns) * columns + k % columns] +=
                double(row[k / columns % rows]) * double(W.floats()[k]);
        return out;
    }

private Q_SLOTS:
    void folded_norms()
    {
        const ArrayMap raw = weights(Processing::none()), folded = weights({true, false, false, false});
        const std::string block = "blocks.0.";
        for (const auto &[norm, matrix, bias] :
             {std::tuple(block + "ln1", block + "attn.W_Q", block + "attn.b_Q"),
              {block + "ln1", block + "attn._W_V", block + "attn._b_V"},
              {block + "ln2", block + "mlp.W_in", block + "mlp.b_in"},
              {block + "ln2", block + "mlp.W_gate", block + "mlp.b_gate"},
              {std::string("ln_final"), std::string("unembed.W_U"), std::string("unembed.b_U")}}) {
            const Array &W = raw.at(matrix);
            compare(folded.at(bias), plus_product(raw.at(bias), raw.at(norm + ".b").floats(), W), bias.c_str());
            // Each column's mean goes.
            const size_t rows = size_t(W.shape[W.shape.size() - 2]), columns = size_t(W.shape.back());
            std::vector<double> centred(W.floats().begin(), W.floats().end());
            const std::vector<float> &scale = raw.at(norm + ".w").floats();
            for (size_t k = 0; k < centred.size(); ++k)
                centred[k] *= double(scale[k / columns % rows]);
            const std::vector<double> scaled = centred;
            for (size_t m = 0; m < centred.size(); m += rows * columns)
                for (size_t j = 0; j < columns; ++j) {
                    double mean = 0;
                    for (size_t i = 0; i < rows; ++i)
                        mean += scaled[m + i * columns + j];
                    for (size_t i = 0; i < rows; ++i)
                        centred[m + i * columns + j] -= mean / double(rows);
                }
            compare(folded.at(matrix), centred, matrix.c_str());
        }
    }

    void centred_rows()
    {
        const ArrayMap raw = weights(Processing::none()), centred = weights({false, true, true, false});
        for (const char *name :
             {"embed.W_E", "blocks.0.attn.W_O", "blocks.0.attn.b_O", "blocks.0.mlp.W_out", "unembed.W_U"}) {
            const Array &W = raw.at(name);
            const size_t columns = size_t(W.shape.back());
            std::vector<double> expected(W.floats().begin(), W.floats().end());
            for (size_t row = 0; row < expected.size(); row += columns) {
                double mean = 0;
                for (size_t j = 0; j < columns; ++j)
                    mean += expected[row + j];
                for (size_t j = 0; j < columns; ++j)
                    expected[row + j] -= mean / double(columns);
            }
            compare(centred.at(name), expected, name);
        }
    }

    void folded_value_biases()
    {
        const ArrayMap raw = weights(Processing::none()), folded = weights({false, false, false, true});
        std::vector<float> b_V; // of each query head
        for (size_t head = 0; head < 6; ++head)
            for (size_t e = 0; e < 22; ++e)
                b_V.push_back(raw.at("blocks.0.attn._b_V").floats()[head / 2 * 22 + e]);
        Array W_O = raw.at("blocks.0.attn.W_O");
        W_O.shape = {6 * 22, 300};
        compare(folded.at("blocks.0.attn.b_O"), plus_product(raw.at("blocks.0.attn.b_O"), b_V, W_O), "b_O");
        for (const float value : folded.at("blocks.0.attn._b_V").floats())
            QCOMPARE(value, 0.f);
    }
};

QTEST_GUILESS_MAIN(TestProcessWeights)
#include "test_process_weights.moc"
