// Tokenizers of every kind against Hugging Face's `tokenizers`: tests/data/tokenizers, made by the script there.
#include "base/json_field.h"
#include "core/error_message.h"
#include "core/made_tokenizers.h"
#include "text/detail/characters.h"
#include "text/detail/decoder.h"
#include "text/detail/normalizer.h"
#include "text/detail/pre_tokenizer.h"

#include <QtTest>

using namespace patchbay;
using namespace patchbay::testing;
using namespace patchbay::text;
using nlohmann::json;
using Ids = std::vector<int64_t>;
using Strings = std::vector<std::string>;

namespace {

/// Calls what(field, input) for each case of each component of a kind, and counts where it gives another result.
template <typename What>
int wrong_cases(const char *kind, const What &what)
{
    int wrong = 0;
    const json components = made("components");
    for (const json &component : components[kind])
        for (const json &one : component["cases"]) {
            const json ours = what(JsonField(component["json"], "components"), one[0]);
            if (ours == one[1])
                continue;
            if (++wrong < 12)
                qWarning("%s\n  of    %s\n  gives %s\n  not   %s", component["json"].dump().substr(0, 150).c_str(),
                         one[0].dump().c_str(), ours.dump().c_str(), one[1].dump().c_str());
        }
    return wrong;
}

} // namespace

class TestTokenizerKinds : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void same_ids_data()
    {
        QTest::addColumn<int>("texts");
        for (const char *name :
             {"llama2", "mistral", "gemma", "t5", "unigram-bytes", "qwen", "bert", "wordlevel", "suffix"})
            QTest::newRow(name) << 360;
    }
    void same_ids()
    {
        QFETCH(int, texts);
        const json list = made("texts"), file = made(QTest::currentDataTag());
        const auto tokenizer = Tokenizer::from_json(file["tokenizer"].dump(), QTest::currentDataTag());
        QCOMPARE(int(list.size()), texts);
        int wrong = 0;
        for (size_t i = 0; i < list.size(); ++i) {
            const Ids ids = tokenizer->encode(list[i].get<std::string>()), expected = file["ids"][i];
            const json decoded = tokenizer->decode(expected);
            if (ids == expected && decoded == (file["decoded"][i].is_null() ? list[i] : file["decoded"][i]))
                continue;
            if (++wrong < 12)
                qWarning("%s\n  gives %s\n  not   %s\n  and   %s", list[i].dump().c_str(), json(ids).dump().c_str(),
                         file["ids"][i].dump().c_str(), decoded.dump().c_str());
        }
        QCOMPARE(wrong, 0);
        QCOMPARE(tokenizer->beginning(Bos::Auto), file["before"].get<Ids>());
    }

    void normalizers()
    {
        QCOMPARE(
            wrong_cases("normalizers",
                        [](const JsonField &field, const std::string &text) { return Normalizer(field).apply(text); }),
            0);
    }
    void pre_tokenizers()
    {
        QCOMPARE(wrong_cases("pre_tokenizers",
                             [](const JsonField &field, const std::string &text) {
                                 Pieces pieces{{text, true}};
                                 PreTokenizer::read(field)->apply(pieces);
                                 Strings texts;
                                 for (const Piece &piece : pieces)
                                     texts.push_back(piece.text);
                                 return texts;
                             }),
                 0);
    }
    void decoders()
    {
        QCOMPARE(
            wrong_cases("decoders",
                        [](const JsonField &field, const Strings &tokens) { return Decoder(field).decode(tokens); }),
            0);
    }

    // What people see of a token, and of an answer, has the space that the token has.
    void one_token_in_the_middle_of_a_text()
    {
        for (const char *name : {"llama2", "mistral", "gemma", "t5", "unigram-bytes", "qwen"}) {
            const auto tokenizer = made_tokenizer(name);
            const Ids all = tokenizer->encode("When Mary and John");
            QCOMPARE(tokenizer->token(all[1]), std::string(" Mary"));
            QCOMPARE(tokenizer->single(" Mary").value(), all[1]);
            QCOMPARE(tokenizer->continuation(" Mary and John"), Ids(all.begin() + 1, all.end()));
            QVERIFY(tokenizer->continuation("Mary") != Ids{all[1]});
        }
        // A character without a token is its bytes, and they are its bytes again.
        const auto tokenizer = made_tokenizer("llama2");
        const Ids ids = tokenizer->continuation("🦜");
        QCOMPARE(ids.size(), size_t(4));
        std::string bytes;
        for (const int64_t id : ids)
            bytes += tokenizer->bytes(id);
        QCOMPARE(bytes, std::string("🦜"));
    }

    void text_that_is_no_utf8()
    {
        const json list = made("texts");
        for (const char *name :
             {"llama2", "mistral", "gemma", "t5", "unigram-bytes", "qwen", "bert", "wordlevel", "suffix"}) {
            const auto tokenizer = made_tokenizer(name);
            for (const char *text : {"\xFF", "a\xC3 b", "\xED\xA0\x80", "x\xF0\x9F\x99"})
                QCOMPARE(tokenizer->encode(text), tokenizer->encode(well_formed(text)));
        }
    }

    void no_token_for_the_unknown()
    {
        json file = made("t5")["tokenizer"];
        file["model"]["unk_id"] = nullptr;
        VERIFY_MESSAGE(Tokenizer::from_json(file.dump(), "t")->encode("a 🙂"),
                       "t: model.vocab has no token for \"🙂\", and there is no unk_id");
        file = made("wordlevel")["tokenizer"];
        file["model"]["unk_token"] = "<none>";
        VERIFY_MESSAGE(Tokenizer::from_json(file.dump(), "t")->encode("qqq"),
                       "t: model.vocab has no token for \"qqq\", and no unk_token");
    }

    void beginnings()
    {
        const auto llama = made_tokenizer("llama2"), qwen = made_tokenizer("qwen");
        QCOMPARE(llama->beginning(Bos::Auto), Ids{1});
        QCOMPARE(llama->beginning(Bos::Yes), Ids{1});
        QCOMPARE(llama->beginning(Bos::No), Ids{});
        QCOMPARE(llama->bos_id().value(), int64_t(1));
        QCOMPARE(qwen->beginning(Bos::Auto), Ids{});
        QCOMPARE(qwen->beginning(Bos::Yes), Ids{qwen->bos_id().value()});
        json file = made("qwen")["tokenizer"];
        file["added_tokens"] = json::array();
        VERIFY_MESSAGE(Tokenizer::from_json(file.dump(), "t")->beginning(Bos::Yes),
                       "t: names no token that a text begins with (BOS)");
    }
};

QTEST_GUILESS_MAIN(TestTokenizerKinds)
#include "test_tokenizer_kinds.moc"
