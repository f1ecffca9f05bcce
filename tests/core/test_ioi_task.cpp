// Prompts drawn as the reference draws them: every fixture, and a small task of our own.
#include "base/error.h"
#include "io/array_files.h"
#include "task/ioi_task.h"
#include "task/task_source.h"
#include "text/tokenizer.h"

#include <QtTest>

using namespace patchbay;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const fs::path shared = PATCHBAY_SOURCE_DIR "/../shared/fixtures";

DrawOrder draw_order_from(const json &orders)
{
    DrawOrder result;
    for (const auto &[pattern, letters] : orders.items())
        for (const std::string letter : letters)
            result[pattern] += letter;
    return result;
}

/// What differs, for a message: the paths of a JSON diff.
std::string difference(const json &ours, const json &expected)
{
    std::string text;
    const json patch = json::diff(expected, ours);
    for (const json &step : patch) {
        text += step["op"].get<std::string>() + " " + step["path"].get<std::string>() + " " + step.value("value", json()).dump().substr(0, 80) + "\n";
        if (text.size() > 1000)
            break;
    }
    return text;
}

} // namespace

class TestIoiTask : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fixtures_data();
    void fixtures();
    void draw_orders();
};

void TestIoiTask::fixtures_data()
{
    QTest::addColumn<QString>("tokenizer");
    QTest::addColumn<QString>("file");
    for (const char *tokenizer : {"neox", "gpt2"}) {
        std::error_code error;
        for (const auto &entry : fs::directory_iterator(shared / "ioi" / tokenizer, error))
            QTest::addRow("%s/%s", tokenizer, entry.path().stem().c_str()) << QString(tokenizer) << QString::fromStdString(entry.path().string());
    }
    if (!fs::exists(shared / "ioi"))
        QTest::newRow("none") << QString() << QString();
}

void TestIoiTask::fixtures()
{
    QFETCH(QString, tokenizer);
    QFETCH(QString, file);
    if (file.isEmpty())
        QSKIP("../shared/fixtures/ioi is not there");
    const TaskFile task = read_task_file(shared / "ioi/reference_task.json");
    const auto tokens = Tokenizer::load(shared / "tokenizers" / tokenizer.toStdString() / "tokenizer.json");
    const json expected = json::parse(read_file(file.toStdString()));

    IoiSet set;
    if (expected["prompt_type"] == "given") {
        std::vector<IoiPrompt> prompts;
        for (const json &prompt : expected["prompts"])
            prompts.push_back({prompt["text"], prompt["IO"], prompt["S"], "", prompt["TEMPLATE_IDX"], {}});
        set = given_ioi(prompts, expected["seed"]);
    } else {
        IoiRequest request;
        request.type = expected["prompt_type"];
        request.prompts = expected["N"];
        request.seed = expected["seed"];
        request.symmetric = expected["symmetric"];
        set = generate_ioi(task, request);
    }
    IoiJsonOptions options;
    options.tokenizer = expected["tokenizer"];
    for (const auto &[flip, data] : expected["flips"].items())
        options.flips.push_back(flip);
    // Every recorded order is alphabetical, as ours is by default; draw_orders() compares the others.
    const json ours = ioi_dataset_json(task, set, *tokens, options);
    QVERIFY2(ours == expected, difference(ours, expected).c_str());
}

void TestIoiTask::draw_orders()
{
    if (!fs::exists(shared / "ioi"))
        QSKIP("../shared/fixtures/ioi is not there");
    const TaskFile task = read_task_file(shared / "ioi/reference_task.json");
    const json file = json::parse(read_file(shared / "ioi/flip_draw_orders.json"));
    const IoiSet set = generate_ioi(task, {});
    for (const json &variant : file["variants"]) {
        const FlippedSet flipped = flip_ioi(task, set, file["flip"], draw_order_from(variant["draw_order"]));
        QCOMPARE(flipped.seed, variant["seed"].get<int64_t>());
        QCOMPARE(flipped.prompts.size(), variant["prompts"].size());
        for (size_t i = 0; i < flipped.prompts.size(); ++i) {
            const json &expected = variant["prompts"][i];
            QCOMPARE(flipped.prompts[i].text, expected["text"].get<std::string>());
            QCOMPARE(flipped.prompts[i].io, expected["IO"].get<std::string>());
            QCOMPARE(flipped.prompts[i].s, expected["S"].get<std::string>());
        }
    }
    QCOMPARE(file["variants"].size(), size_t(3));
}

QTEST_GUILESS_MAIN(TestIoiTask)
#include "test_ioi_task.moc"
