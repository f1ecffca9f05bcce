// Matrix products by one and by several threads, against a slow loop in double.
#include "block/detail/gemm.h"
#include "block/gemm_rate.h"
#include "patching/session.h"

#include <QTest>

#include <array>
#include <cmath>
#include <random>
#include <vector>

using namespace patchbay;

class TestGemm : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void products_data()
    {
        QTest::addColumn<int>("threads");
        for (const int threads : {1, 2, 3})
            QTest::newRow(qPrintable(QStringLiteral("%1 threads").arg(threads))) << threads;
    }
    void products()
    {
        QFETCH(int, threads);
        set_threads(threads);
        // Fewer rows than threads, wide and tall, thin, and below the size that is shared out.
        for (const auto &[m, n, k] : std::vector<std::array<int, 3>>{{1, 3000, 700},
                                                                     {2, 17, 3},
                                                                     {15, 170, 400},
                                                                     {17, 161, 500},
                                                                     {33, 1040, 97},
                                                                     {70, 300, 100},
                                                                     {257, 161, 97},
                                                                     {400, 64, 96},
                                                                     {500, 31, 200},
                                                                     {1000, 5, 300}})
            for (const bool transposed : {false, true})
                for (const bool accumulate : {false, true})
                    QVERIFY2(
                        product(m, n, k, transposed, accumulate) < 2e-4,
                        qPrintable(
                            QStringLiteral("%1 %2 %3 %4 %5").arg(m).arg(n).arg(k).arg(transposed).arg(accumulate)));
    }

    void aRowByItselfIsThatOfTwo()
    {
        set_threads(1);
        for (const int64_t k : {5, 64, 768})
            for (const bool accumulate : {false, true}) {
                const int64_t n = 300;
                std::mt19937 random(2);
                std::uniform_real_distribution<float> number(-1, 1);
                std::vector<float> a(size_t(2 * k)), b(size_t(k * n)), two(size_t(2 * n), 0.5f), one(size_t(n), 0.5f);
                for (std::vector<float> *all : {&a, &b})
                    for (float &x : *all)
                        x = number(random);
                detail::gemm(2, n, k, a.data(), k, b.data(), n, two.data(), n, accumulate);
                detail::gemm(1, n, k, a.data(), k, b.data(), n, one.data(), n, accumulate);
                QVERIFY(std::equal(one.begin(), one.end(), two.begin()));
            }
    }

    void theRateIsOne()
    {
        set_threads(1);
        const double rate = gemm_rate(64, 64, 64);
        QVERIFY2(rate > 1e6 && rate < 1e13, qPrintable(QString::number(rate)));
    }

private:
    /// The largest difference from the slow loop, and what lies between the rows must stay as it was.
    static double product(int m, int n, int k, bool transposed, bool accumulate)
    {
        std::mt19937 random(unsigned(m * 31 + n * 7 + k));
        std::uniform_real_distribution<float> number(-1, 1);
        const int lda = k + 3, ldb = (transposed ? k : n) + 5, ldc = n + 2;
        std::vector<float> a(size_t(m * lda)), b(size_t((transposed ? n : k) * ldb)), c(size_t(m * ldc));
        for (auto *values : {&a, &b, &c})
            for (float &value : *values)
                value = number(random);
        const std::vector<float> before = c;
        (transposed ? detail::gemm_bt : detail::gemm)(m, n, k, a.data(), lda, b.data(), ldb, c.data(), ldc, accumulate);
        double worst = 0;
        for (int i = 0; i < m; ++i)
            for (int j = 0; j < ldc; ++j) {
                double sum = accumulate || j >= n ? double(before[size_t(i * ldc + j)]) : 0;
                for (int l = 0; l < k && j < n; ++l)
                    sum += double(a[size_t(i * lda + l)])
                        * double(transposed ? b[size_t(j * ldb + l)] : b[size_t(l * ldb + j)]);
                worst = std::max(worst, std::abs(sum - double(c[size_t(i * ldc + j)])));
            }
        return worst;
    }
};

QTEST_GUILESS_MAIN(TestGemm)
#include "test_gemm.moc"
