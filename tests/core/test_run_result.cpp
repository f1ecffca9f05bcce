// RunResult: normalised effects, bootstrap intervals, names of arrays, and files that read back without loss.
#include "base/error.h"
#include "io/array_files.h"
#include "patching/run_result.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <cstring>
#include <limits>

using namespace patchbay;

namespace {

constexpr float hole = std::numeric_limits<float>::quiet_NaN();

// Two layers of two heads on three prompts: one cell exact, one estimated, two missing.
RunResult partial_result()
{
    RunResult result;
    result.spec.task.kind = "batch";
    result.spec.task.file = "batch.safetensors";
    result.baseline.clean = {3.0f, 1.0f, 2.6f};
    result.baseline.flipped = {1.0f, -1.0f, 0.3f};
    result.baseline.clean_rank0 = {1, 0, 1};
    result.baseline.flipped_rank0 = {0, 0, 1};
    result.baseline.clean_mean = 2.2;
    result.baseline.flipped_mean = 0.1;
    result.baseline.accuracy_clean = 1;
    result.baseline.accuracy_flipped = 2.0 / 3;
    result.baseline.rank0_clean = 2.0 / 3;
    result.baseline.rank0_flipped = 1.0 / 3;
    Grid grid;
    grid.name = "denoise.z";
    grid.axes = {"layer", "head"};
    grid.shape = {2, 2};
    grid.prompts = 3;
    grid.per_prompt = {hole, hole, hole, 2.0f, -0.5f, 0.1f + 0.2f, hole, hole, hole, hole, hole, hole};
    grid.estimate = {0.25f, 0.1f, hole, hole};
    grid.state = {CellState::Estimated, CellState::Exact, CellState::Missing, CellState::Missing};
    result.grids.push_back(grid);
    result.model_sha256 = "ab";
    result.version = "0.1.0";
    result.flops = 1e12 / 3;
    return result;
}

bool same_bits(const std::vector<float> &a, const std::vector<float> &b)
{
    if (a.size() != b.size())
        return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (!(std::isnan(a[i]) && std::isnan(b[i])) && std::memcmp(&a[i], &b[i], sizeof(float)) != 0)
            return false;
    return true;
}

template <class Call>
QString message_of(Call call)
{
    try {
        call();
    } catch (const Error &error) {
        return QString::fromStdString(error.what());
    }
    return {};
}

} // namespace

class TestRunResult : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    std::filesystem::path file(const char *name) const { return m_dir.filePath(name).toStdString(); }

private Q_SLOTS:
    void normalised_follows_the_direction()
    {
        RunResult result = partial_result();
        Grid &grid = result.grids[0];
        const double mean = (2.0 - 0.5 + double(0.1f + 0.2f)) / 3;
        QCOMPARE(normalised(grid, 1, result.baseline), (mean - 0.1) / 2.1);
        QCOMPARE(normalised(grid, 1, 0, result.baseline), (2.0 - 1.0) / 2.1);
        QCOMPARE(normalised(grid, 0, result.baseline), 0.25);
        QVERIFY(std::isnan(normalised(grid, 2, result.baseline)));
        QVERIFY(std::isnan(normalised(grid, 0, 0, result.baseline)));
        grid.direction = Direction::Noise;
        QCOMPARE(normalised(grid, 1, result.baseline), (mean - 2.2) / 2.1);
        QCOMPARE(normalised(grid, 1, 1, result.baseline), (-0.5 - 1.0) / 2.1);
    }

    void a_cell_says_where_it_lies()
    {
        Grid grid;
        grid.axes = {"layer", "pos", "head"};
        grid.shape = {3, 5, 4};
        QVERIFY(grid.at(0) == (CellPlace{0, 0, 0}));
        QVERIFY(grid.at((2 * 5 + 3) * 4 + 1) == (CellPlace{2, 3, 1}));
        QCOMPARE(label(grid.at((2 * 5 + 3) * 4 + 1)), std::string("L2H1 pos 3"));
        grid.axes = {"layer", "pos"};
        grid.shape = {3, 5};
        QVERIFY(!grid.has_heads());
        QVERIFY(grid.at(7) == (CellPlace{1, 2, -1}));
        QCOMPARE(label(grid.at(7)), std::string("L1 pos 2"));
        grid.axes.clear();
        grid.shape.clear();
        QCOMPARE(label(grid.at(0)), std::string("together"));
    }

    void cells_are_found_by_layer_and_head()
    {
        const RunResult result = partial_result();
        QCOMPARE(result.grid("denoise.z")->index(1, 1), 3);
        QVERIFY(!result.grid("noise.z"));
        QCOMPARE(result.grid("denoise.z")->cell(1)[1], -0.5f);
    }

    // With n prompts whose effects spread by sigma and a constant gap, the interval of a mean is about ±1.96 sigma /
    // sqrt(n).
    void bootstrap_matches_the_normal_interval()
    {
        Grid grid;
        grid.prompts = 200;
        grid.shape = {1};
        grid.state = {CellState::Exact};
        Baseline baseline;
        double sum = 0, squares = 0;
        for (int p = 0; p < grid.prompts; ++p) {
            baseline.clean.push_back(2);
            baseline.flipped.push_back(0);
            const float value = float(std::sin(1.7 * p) + 0.01 * (p % 7));
            grid.per_prompt.push_back(value);
            sum += value;
            squares += double(value) * double(value);
        }
        baseline.clean_mean = 2;
        const double mean = sum / grid.prompts;
        const double expected =
            1.96 * std::sqrt(squares / grid.prompts - mean * mean) / std::sqrt(double(grid.prompts)) / 2;
        const double width = bootstrap_half_width(grid, 0, baseline, 4000);
        QVERIFY2(std::abs(width / expected - 1) < 0.08, qPrintable(QString("%1 against %2").arg(width).arg(expected)));
        QCOMPARE(bootstrap_half_width(grid, 0, baseline, 4000), width);
        grid.state[0] = CellState::Missing;
        QVERIFY(std::isnan(bootstrap_half_width(grid, 0, baseline)));
    }

    // Two mirrored pairs: what one run gains the other loses, and the gap is exactly 0, or what rounding leaves of it.
    void vanishing_gap_data()
    {
        QTest::addColumn<double>("gap");
        QTest::newRow("zero") << 0.0;
        QTest::newRow("rounding") << 3e-7;
        QTest::newRow("rounding, below 0") << -3e-7;
        QTest::newRow("not a number") << std::nan("");
        QTest::newRow("infinite") << std::numeric_limits<double>::infinity();
    }

    void vanishing_gap()
    {
        QFETCH(double, gap);
        RunResult result = partial_result();
        Baseline &b = result.baseline;
        b.clean = {1.5f, -1.5f, 0.5f};
        b.flipped = {-1.5f, 1.5f, 0.5f};
        b.flipped_mean = 0.2;
        b.clean_mean = b.flipped_mean + gap;
        QVERIFY(!b.shares_make_sense());
        QCOMPARE(b.scale(), 1.0);
        QCOMPARE(effect_unit(b).symbol, std::string("logits"));
        QVERIFY(gap_note(b).starts_with("The gap between the clean and the flipped runs vanishes"));
        const Grid &grid = result.grids[0];
        const double mean = (2.0f + -0.5f + (0.1f + 0.2f)) / 3.0;
        QVERIFY(std::abs(normalised(grid, 1, b) - (mean - 0.2)) < 1e-6);
        QCOMPARE(normalised(grid, 1, 0, b), 3.5);
        const double width = bootstrap_half_width(grid, 1, b);
        QVERIFY(std::isfinite(width) && width > 0);
        QCOMPARE(effect_text(0.1234, effect_unit(b)), std::string("+0.123 logits"));
        QCOMPARE(to_arrays(result).at("denoise.z.normalised").floats()[1], float(normalised(grid, 1, b)));
        QTemporaryDir folder;
        const std::filesystem::path file = folder.filePath("r.safetensors").toStdString();
        if (std::isfinite(gap)) {
            save_result(file, result);
            QVERIFY(read_arrays(file).metadata.at("patchbay").find("\"effect_unit\":\"logits\"") != std::string::npos);
            QCOMPARE(normalised(load_result(file).grids[0], 1, load_result(file).baseline), normalised(grid, 1, b));
        }
    }

    void gap_below_zero()
    {
        RunResult result = partial_result();
        QCOMPARE(gap_note(result.baseline), std::string());
        QCOMPARE(effect_text(-0.5, effect_unit(result.baseline)), std::string("-50.0 %"));
        std::swap(result.baseline.clean, result.baseline.flipped);
        std::swap(result.baseline.clean_mean, result.baseline.flipped_mean);
        QVERIFY(result.baseline.shares_make_sense());
        QVERIFY(gap_note(result.baseline).find("is below 0 (-2.1)") != std::string::npos);
    }

    // With two prompts, some resample is of the first alone: its gap may vanish though the mean's does not.
    void an_interval_without_end_is_none()
    {
        Baseline b;
        b.clean = {1.0f, 3.0f};
        b.flipped = {1.0f, 1.0f};
        b.clean_mean = 2;
        b.flipped_mean = 1;
        Grid grid;
        grid.shape = {1};
        grid.axes = {"layer"};
        grid.prompts = 2;
        grid.per_prompt = {2.0f, 2.0f};
        grid.state = {CellState::Exact};
        QVERIFY(std::isfinite(normalised(grid, 0, b)));
        QVERIFY(std::isnan(bootstrap_half_width(grid, 0, b)));
    }

    void arrays_have_the_documented_names()
    {
        RunResult result = partial_result();
        Grid path;
        path.name = "path";
        path.prompts = 3;
        path.per_prompt = {1, 2, 3};
        path.state = {CellState::Exact};
        path.direction = Direction::Noise;
        result.grids.push_back(path);
        const ArrayMap arrays = to_arrays(result);
        QVERIFY(arrays.at("denoise.z").shape == (std::vector<int64_t>{2, 2, 3}));
        QVERIFY(arrays.at("denoise.z.normalised").shape == (std::vector<int64_t>{2, 2}));
        QVERIFY(arrays.at("path").shape == std::vector<int64_t>{3});
        QVERIFY(arrays.at("path.normalised").shape.empty());
        QCOMPARE(arrays.at("path.normalised").floats()[0], float((2 - 2.2) / 2.1));
        QVERIFY(arrays.at("clean").floats() == result.baseline.clean);
        QVERIFY(arrays.at("flipped").shape == std::vector<int64_t>{3});
    }

    void attribution_is_in_units_of_the_metric()
    {
        RunResult result = partial_result();
        result.spec.method = Attribution{};
        Grid &grid = result.grids[0];
        grid.name = "attribution.z";
        grid.state.assign(4, CellState::Estimated);
        grid.estimate = {0.5f, 0, -1, 2};
        grid.per_prompt.assign(12, hole);
        const ArrayMap arrays = to_arrays(result);
        QVERIFY(arrays.at("attribution.z").shape == (std::vector<int64_t>{2, 2}));
        QCOMPARE(arrays.at("attribution.z").floats()[0], float(0.5 * 2.1));
        QCOMPARE(arrays.at("attribution.z.normalised").floats()[3], 2.0f);
        save_result(file("attribution.npz"), result);
        const RunResult back = load_result(file("attribution.npz"));
        QVERIFY(same_bits(back.grids[0].estimate, grid.estimate));
        QVERIFY(back.arrays.empty());
    }

    void files_read_back_without_loss_data()
    {
        QTest::addColumn<QString>("name");
        for (const char *name : {"result.safetensors", "result.npz", "result.json"})
            QTest::newRow(name) << name;
    }
    void files_read_back_without_loss()
    {
        QFETCH(QString, name);
        RunResult result = partial_result();
        result.arrays["table"] = {{2}, std::vector<int64_t>{4, -5}};
        result.arrays["table.normalised"] = {{1}, std::vector<float>{0.1f}}; // no grid's: the analysis's own
        result.summary = {{"name_movers", {"9.6"}}};
        const std::filesystem::path path = file(qPrintable(name));
        save_result(path, result);
        const RunResult back = load_result(path);
        QVERIFY(back.spec == result.spec);
        QCOMPARE(back.version, result.version);
        QCOMPARE(back.model_sha256, result.model_sha256);
        QCOMPARE(back.flops, result.flops);
        QCOMPARE(back.complete, false);
        QVERIFY(back.summary == result.summary);
        const Baseline &a = result.baseline, &b = back.baseline;
        QVERIFY(same_bits(a.clean, b.clean) && same_bits(a.flipped, b.flipped));
        QVERIFY(a.clean_rank0 == b.clean_rank0 && a.flipped_rank0 == b.flipped_rank0);
        QVERIFY(a.clean_mean == b.clean_mean && a.flipped_mean == b.flipped_mean
                && a.accuracy_clean == b.accuracy_clean);
        QVERIFY(a.accuracy_flipped == b.accuracy_flipped && a.rank0_clean == b.rank0_clean
                && a.rank0_flipped == b.rank0_flipped);
        QCOMPARE(back.grids.size(), size_t(1));
        const Grid &expected = result.grids[0], &grid = back.grids[0];
        QVERIFY(grid.name == expected.name && grid.axes == expected.axes && grid.shape == expected.shape);
        QVERIFY(grid.prompts == expected.prompts && grid.direction == expected.direction
                && grid.state == expected.state);
        QVERIFY(same_bits(grid.per_prompt, expected.per_prompt) && same_bits(grid.estimate, expected.estimate));
        QCOMPARE(back.arrays.size(), size_t(2));
        QVERIFY(back.arrays.at("table").ints() == result.arrays["table"].ints());
    }

    void the_same_result_gives_the_same_bytes()
    {
        RunResult result = partial_result();
        save_result(file("a.safetensors"), result);
        result.seconds = 12.5; // took longer the second time
        result.first_exact_seconds = 1;
        save_result(file("b.safetensors"), result);
        QCOMPARE(read_file(file("a.safetensors")), read_file(file("b.safetensors")));
    }

    void csv_holds_tables_and_is_no_result_file()
    {
        save_result(file("tables.csv"), partial_result());
        const QString text = QString::fromStdString(read_file(file("tables.csv")));
        QVERIFY2(text.contains("denoise.z.normalised"), qPrintable(text));
        QVERIFY(message_of([&] { load_result(file("tables.csv")); }).contains("holds tables only"));
    }

    void other_files_are_refused_with_a_reason()
    {
        write_arrays(file("plain.safetensors"), {{"x", {{1}, std::vector<float>{1}}}});
        QVERIFY(message_of([&] {
                    load_result(file("plain.safetensors"));
                }).contains("plain.safetensors: is not a Patchbay result"));

        save_result(file("good.safetensors"), partial_result());
        ArrayFile content = read_arrays(file("good.safetensors"));
        content.arrays.erase("denoise.z");
        write_arrays(file("gap.safetensors"), content.arrays, content.metadata);
        QVERIFY(message_of([&] { load_result(file("gap.safetensors")); }).contains("has no array \"denoise.z\""));

        content = read_arrays(file("good.safetensors"));
        content.arrays["denoise.z"].shape = {2, 3, 2};
        write_arrays(file("shape.safetensors"), content.arrays, content.metadata);
        QVERIFY(
            message_of([&] { load_result(file("shape.safetensors")); }).contains("\"denoise.z\" has another shape"));

        content.metadata["patchbay"] = "{\"file_version\": 1}";
        write_arrays(file("description.safetensors"), content.arrays, content.metadata);
        QVERIFY(message_of([&] {
                    load_result(file("description.safetensors"));
                }).contains("its description cannot be read"));
    }
};

QTEST_GUILESS_MAIN(TestRunResult)
#include "test_run_result.moc"
