// Weights stored as differences to another folder's: what was written comes back within the precision, a chain of them
// too, and what is missing or of another base is refused.
#include "base/sha256.h"
#include "core/checkpoint_folder.h"
#include "io/dtype.h"
#include "model/model_folder.h"
#include "model/weight_arrays.h"
#include "model/weight_differences.h"

#include <QTest>

#include <bit>
#include <cmath>
#include <random>

using namespace patchbay;
namespace fs = std::filesystem;

namespace {

ArrayMap changed(const ArrayMap &from, unsigned seed, double by)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, float(by));
    ArrayMap out = from;
    for (auto &[name, array] : out)
        for (float &value : array.floats())
            value += normal(random);
    return out;
}

/// A folder with differences beside `base`, which is a link to it.
void make(const fs::path &folder, const fs::path &base, const fs::path &config)
{
    fs::create_directories(folder);
    fs::copy_file(config, folder / "config.json");
    fs::create_directory_symlink(fs::relative(base, folder), folder / differences_base);
}

ArrayMap loaded(const fs::path &folder)
{
    return weight_arrays(*Model::load({folder, Processing::none(), false}));
}

QString message(const fs::path &folder)
{
    try {
        loaded(folder);
    } catch (const Error &error) {
        return QString::fromStdString(error.what());
    }
    return {};
}

double largest_error(const ArrayMap &a, const ArrayMap &b)
{
    double largest = 0;
    for (const auto &[name, array] : a)
        for (size_t i = 0; i < array.floats().size(); ++i)
            largest = std::max(largest, double(std::abs(array.floats()[i] - b.at(name).floats()[i])));
    return largest;
}

} // namespace

class TestWeightDifferences : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void every_half_comes_back()
    {
        for (int bits = 0; bits < 0x10000; ++bits) {
            const uint16_t half = uint16_t(bits);
            float value = 0;
            convert_to_float(DType::F16, reinterpret_cast<const std::byte *>(&half), 1, &value);
            if (std::isnan(value))
                QVERIFY((half_bits(value) & 0x7fff) > 0x7c00);
            else
                QCOMPARE(half_bits(value), half);
        }
    }

    void between_two_halves_it_is_the_nearer_one()
    {
        std::mt19937 random(5);
        for (int i = 0; i < 200000; ++i) {
            const uint32_t exponent = 90 + random() % 56; // from far below the smallest half to above the largest
            const float value = std::bit_cast<float>(uint32_t(random() & 0x807fffffu) | exponent << 23);
            const uint16_t half = half_bits(value);
            const auto as_float = [](uint16_t bits) {
                float out = 0;
                convert_to_float(DType::F16, reinterpret_cast<const std::byte *>(&bits), 1, &out);
                return double(out);
            };
            if (std::isinf(as_float(half))) {
                QVERIFY(std::abs(value) >= 65520);
                continue;
            }
            const double error = std::abs(as_float(half) - double(value));
            for (const int by : {-1, 1}) {
                const uint16_t other = uint16_t(half + by);
                const double theirs = std::abs(as_float(other) - double(value));
                QVERIFY(std::isnan(theirs) || ((half ^ other) & 0x8000) || error < theirs
                        || (error == theirs && half % 2 == 0));
            }
        }
    }

    void a_chain_comes_back()
    {
        const CheckpointFolder base;
        const fs::path folder = base.path();
        ArrayMap read = read_arrays(folder / "model.safetensors").arrays;
        // Small steps, so that errors are those of the precision; the base itself is float32.
        const ArrayMap one = changed(read, 1, 0.02), two = changed(one, 2, 0.02);
        constexpr double precision = 1.0 / 64;
        make(folder / "one", folder, folder / "config.json");
        make(folder / "two", folder / "one", folder / "config.json");
        const fs::path first = folder / "one" / differences_file, second = folder / "two" / differences_file;
        write_differences(first, read, one, precision, sha256_of_files({folder / "model.safetensors"}));
        const ArrayMap expected = read;
        write_differences(second, read, two, precision, sha256_of_files({folder / "model.safetensors", first}));
        // Exactly what the writer said that a reader gets; the model keeps what it read.
        double rms = 0;
        for (const auto &[name, array] : one)
            if (array.shape.size() == 2)
                for (size_t row = 0; row < size_t(array.shape[0]); ++row) {
                    double squares = 0;
                    for (size_t i = 0; i < size_t(array.shape[1]); ++i)
                        squares += std::pow(double(array.floats()[row * size_t(array.shape[1]) + i]), 2);
                    rms = std::max(rms, std::sqrt(squares / double(array.shape[1])));
                }
        QVERIFY(largest_error(expected, one) < std::max(0.02 * 6 / 127, 1.1 * rms * precision) + 2e-3);
        QVERIFY(largest_error(read, two) < std::max(0.02 * 6 / 127, 1.1 * rms * precision) + 2e-3);
        QVERIFY(largest_error(expected, one) > 0);
        ArrayMap copy = expected;
        const CheckpointFolder plain;
        write_arrays(plain.path("model.safetensors"), copy);
        const ArrayMap as_read = loaded(folder / "one"), as_plain = loaded(plain.path());
        QCOMPARE(largest_error(as_read, as_plain), 0.0);
        QCOMPARE(Model::load({folder / "two", {}, true})->trust().source_dtype, std::string("F16"));
    }

    void what_is_missing_or_of_another_base_is_refused()
    {
        const CheckpointFolder base;
        const fs::path folder = base.path(), one = folder / "one";
        ArrayMap read = read_arrays(folder / "model.safetensors").arrays;
        make(one, folder, folder / "config.json");
        write_differences(one / differences_file, read, changed(read, 1, 0.02), 1.0 / 64,
                          sha256_of_files({folder / "model.safetensors"}));
        QVERIFY(message(one).isEmpty());
        base.tensors([](ArrayMap &arrays) { arrays.begin()->second.floats()[0] += 1; });
        QVERIFY(message(one).contains("differences to other weights"));
        fs::remove(one / differences_base);
        QVERIFY(message(one).contains("base: is missing"));
        fs::create_directory_symlink(".", one / differences_base);
        QVERIFY(message(one).contains("differences to themselves"));
        write_file(one / differences_file, "no zip");
        fs::remove(one / differences_base);
        fs::create_directory_symlink("..", one / differences_base);
        QVERIFY(message(one).contains(differences_file));
        ArrayMap fewer = read;
        fewer.erase(fewer.begin());
        QVERIFY_EXCEPTION_THROWN(write_differences(one / differences_file, fewer, read, 0.1, ""), Error);
    }
};

QTEST_GUILESS_MAIN(TestWeightDifferences)
#include "test_weight_differences.moc"
