// Random numbers: those of CPython, from its own output.
#include "io/array_files.h"
#include "task/python_random.h"

#include <nlohmann/json.hpp>

#include <QtTest>

#include <charconv>
#include <numeric>

using namespace patchbay;

class TestPythonRandom : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void known_values();
    void edges();
    void golden();
};

// From random.Random(42) of CPython 3.11.
void TestPythonRandom::known_values()
{
    PythonRandom random(42);
    QCOMPARE(random.random(), 0x1.4762f307200c5p-1);
    QCOMPARE(random.random(), 0x1.99c6b5eeb2060p-6);
    // The reference's first shuffle of 14 templates under this seed.
    PythonRandom drawing(42);
    const std::vector<uint32_t> expected{10, 1, 0, 4, 3, 3, 2, 5, 0, 4, 0, 2, 1};
    for (uint32_t i = 0; i < expected.size(); ++i)
        QCOMPARE(drawing.below(14 - i), expected[i]);
    PythonRandom positive(5), negative(-5);
    for (int i = 0; i < 1000; ++i) // past a refill of the state
        QCOMPARE(positive.word(), negative.word());
}

void TestPythonRandom::edges()
{
    PythonRandom random(0);
    QCOMPARE(random.below(1), 0U);
    for (int i = 0; i < 100; ++i) {
        const int64_t drawn = random.randint(-3, 2);
        QVERIFY(drawn >= -3 && drawn <= 2);
    }
    // The lowest seed has no positive counterpart in 64 bits.
    PythonRandom lowest(std::numeric_limits<int64_t>::min());
    const double value = lowest.random();
    QVERIFY(value >= 0 && value < 1);
}

void TestPythonRandom::golden()
{
    const std::string path = PATCHBAY_SOURCE_DIR "/../shared/fixtures/ioi/python_random.json";
    if (!std::filesystem::exists(path))
        QSKIP("../shared/fixtures/ioi is not there");
    const auto file = nlohmann::json::parse(read_file(path));
    int compared = 0;
    for (const auto &vector : file["vectors"]) {
        const int64_t seed = vector["seed"];
        PythonRandom a(seed), b(seed), d(seed), e(seed);
        for (const std::string hex : vector["random_hex"]) {
            double expected = 0; // "0x1.…p-1"; from_chars, since strtod asks the locale
            std::from_chars(hex.data() + 2, hex.data() + hex.size(), expected, std::chars_format::hex);
            QCOMPARE(a.random(), expected);
        }
        for (const uint32_t bits : vector["getrandbits_32"])
            QCOMPARE(b.getrandbits(32), bits);
        for (const auto &[n, values] : vector["choice_range"].items()) {
            PythonRandom c(seed);
            std::vector<int> range(std::stoul(n));
            std::iota(range.begin(), range.end(), 0);
            for (const int value : values)
                QCOMPARE(c.choice(range), value);
        }
        std::vector<int> list(16);
        std::iota(list.begin(), list.end(), 0);
        d.shuffle(list);
        QCOMPARE(list, vector["shuffle_range_16"].get<std::vector<int>>());
        for (const int64_t value : vector["randint_30_40"])
            QCOMPARE(e.randint(30, 40), value);
        ++compared;
    }
    QCOMPARE(compared, 7);
}

QTEST_GUILESS_MAIN(TestPythonRandom)
#include "test_python_random.moc"
