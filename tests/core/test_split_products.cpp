// Products with weights that are split into bfloat16 parts, by plain loops and in matrix units, against sums in double.
#include "base/error.h"
#include "block/detail/split_matrix.h"
#include "block/matrix_units.h"
#include "patching/session.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

using namespace patchbay;
using detail::ColumnRange;
using detail::SplitMatrix;

namespace {

std::vector<float> random_numbers(int64_t count, unsigned seed)
{
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> number(-1, 1);
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float &x : numbers)
        x = number(random);
    return numbers;
}

} // namespace

class TestSplitProducts : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init() { set_threads(2); }

    void products_data()
    {
        QTest::addColumn<bool>("units");
        QTest::addColumn<int>("parts");
        for (const int parts : {1, 2, 3}) {
            QTest::newRow(qPrintable(QStringLiteral("plain loops, %1 parts").arg(parts))) << false << parts;
            QTest::newRow(qPrintable(QStringLiteral("matrix units, %1 parts").arg(parts))) << true << parts;
        }
    }
    void products()
    {
        QFETCH(bool, units);
        QFETCH(int, parts);
        if (units && !has_matrix_units())
            QSKIP("this processor has no matrix units");
        // Rows, columns and inner numbers that fill tiles and that do not; some rows and columns of W alone.
        struct Case {
            int m, k, n, first_row, rows;
            std::vector<ColumnRange> ranges;
        };
        for (const Case &c : std::vector<Case>{{1, 64, 48, 0, 64, {{0, 48}}},
                                               {33, 97, 40, 0, 97, {{0, 40}}},
                                               {16, 32, 16, 0, 32, {{0, 16}}},
                                               {3, 0, 8, 0, 0, {{0, 8}}},
                                               {70, 128, 96, 64, 64, {{0, 96}}},
                                               {50, 60, 90, 21, 24, {{7, 24}, {63, 24}, {40, 1}}},
                                               {600, 200, 33, 0, 200, {{1, 32}}},
                                               {40, 320, 160, 0, 320, {{80, 80}, {0, 80}}},
                                               {300, 2500, 40, 70, 2400, {{0, 40}}}})
            for (const bool accumulate : {false, true})
                compare(c.m, c.k, c.n, c.first_row, c.rows, c.ranges, accumulate, parts,
                        units ? *detail::matrix_unit_tiles() : detail::plain_tiles());
    }

    // What a row comes to depends on nothing beside it: cells round the same in whatever company they are computed.
    void companyDoesNotMatter()
    {
        const auto &kernels = has_matrix_units() ? *detail::matrix_unit_tiles() : detail::plain_tiles();
        const int64_t m = 300, k = 200, n = 72;
        const std::vector<float> a = random_numbers(m * k, 1);
        const SplitMatrix W(random_numbers(k * n, 2).data(), k, n, 2, kernels, SplitMatrix::Layout::Rows, n);
        const ColumnRange all{0, n}, some{24, 24};
        for (const bool accumulate : {false, true}) {
            std::vector<float> together(size_t(m * n), 0.25f);
            W.multiply(m, a.data(), k, 0, k, {&all, 1}, together.data(), n, accumulate);
            for (const int64_t rows : {1, 5, 16, 17, 31, 32, 100})
                for (const int threads : {1, 3}) {
                    set_threads(threads);
                    const int64_t first = 41;
                    std::vector<float> alone(size_t(rows * n), 0.25f), narrow(size_t(rows * 24), 0.25f);
                    W.multiply(rows, a.data() + first * k, k, 0, k, {&all, 1}, alone.data(), n, accumulate);
                    W.multiply(rows, a.data() + first * k, k, 0, k, {&some, 1}, narrow.data(), 24, accumulate);
                    QVERIFY(std::equal(alone.begin(), alone.end(), together.begin() + first * n));
                    for (int64_t r = 0; r < rows; ++r)
                        QVERIFY(std::equal(narrow.begin() + r * 24, narrow.begin() + (r + 1) * 24,
                                           together.begin() + (first + r) * n + 24));
                }
        }
    }

    void aPrecisionThatIsNotThereIsAnError()
    {
        ModelConfig config;
        config.n_layers = 2;
        config.n_heads = config.n_kv_heads = 12;
        config.d_model = 768;
        config.d_head = 64;
        config.d_mlp = 3072;
        QCOMPARE(block_weights(config), 2.0 * 12 * 768 * 768);
        QCOMPARE(precision_for(config, Precision::Strict), Precision::Strict);
        QCOMPARE(precision_for(config, {}), has_matrix_units() ? Precision::Split : Precision::Strict);
        QCOMPARE(parts_in_matrix_units(config, Precision::Strict),
                 has_matrix_units() ? std::optional(3) : std::optional<int>());
        if (has_matrix_units())
            QCOMPARE(precision_for(config, Precision::Bf16), Precision::Bf16);
        else
            QVERIFY_EXCEPTION_THROWN(precision_for(config, Precision::Split), Error);
        config.n_layers = 1'000'000; // no machine keeps these
        QCOMPARE(precision_for(config, {}), Precision::Strict);
        QVERIFY(!parts_in_matrix_units(config, Precision::Strict));
        config.n_layers = 2;
        config.d_model = config.d_mlp = 96;
        QVERIFY(is_tiny(config));
        QCOMPARE(precision_for(config, {}), Precision::Strict);
        QCOMPARE(parse_precision_or_auto("auto"), std::optional<Precision>());
        QVERIFY_EXCEPTION_THROWN(parse_precision_or_auto("double"), Error);
    }

private:
    static void compare(int m, int k, int n, int first_row, int rows, const std::vector<ColumnRange> &ranges,
                        bool accumulate, int parts, const detail::TileKernels &kernels)
    {
        const std::vector<float> a = random_numbers(m * (rows + 3), unsigned(m)),
                                 w = random_numbers(int64_t(k) * n, unsigned(k + n));
        int64_t columns = 0;
        for (const ColumnRange &range : ranges)
            columns += range.count;
        const int64_t ldc = columns + 2;
        std::vector<float> c = random_numbers(m * ldc, 9);
        const std::vector<float> before = c;
        std::vector<float> turned(w.size());
        for (int64_t l = 0; l < k; ++l)
            for (int64_t j = 0; j < n; ++j)
                turned[size_t(j * k + l)] = w[size_t(l * n + j)];
        const SplitMatrix W(m % 2 ? w.data() : turned.data(), k, n, parts, kernels,
                            m % 2 ? SplitMatrix::Layout::Rows : SplitMatrix::Layout::Columns, m % 2 ? n : k);
        W.multiply(m, a.data(), rows + 3, first_row, rows, ranges, c.data(), ldc, accumulate);
        // What rounding to so many parts leaves of a product, and sums in float32.
        const double bound = rows * std::pow(2.0, -8.0 * parts) + std::sqrt(double(rows)) * 3e-6;
        for (int i = 0; i < m; ++i) {
            int64_t at = 0;
            for (const ColumnRange &range : ranges)
                for (int64_t j = range.first; j < range.first + range.count; ++j, ++at) {
                    double sum = accumulate ? double(before[size_t(i * ldc + at)]) : 0;
                    for (int l = 0; l < rows; ++l)
                        sum += double(a[size_t(i * (rows + 3) + l)]) * double(w[size_t((first_row + l) * n + j)]);
                    const double found = double(c[size_t(i * ldc + at)]);
                    QVERIFY2(std::abs(sum - found) <= bound,
                             qPrintable(QStringLiteral("%1 %2: %3, not %4").arg(i).arg(j).arg(found).arg(sum)));
                }
            for (int64_t j = columns; j < ldc; ++j) // what lies between the rows stays
                QCOMPARE(c[size_t(i * ldc + j)], before[size_t(i * ldc + j)]);
        }
    }
};

QTEST_GUILESS_MAIN(TestSplitProducts)
#include "test_split_products.moc"
