// Tokens as people read them: characters of several byte tokens, ids that no token has, bytes that are no character.
#include "base/json_field.h"
#include "io/array_files.h"
#include "task/prompts.h"
#include "text/detail/byte_alphabet.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <QtTest>

using namespace patchbay;
using Strings = std::vector<std::string>;

namespace {

// The small tokenizer of the tests, with a token for every byte.
nlohmann::json small_json()
{
    nlohmann::json file = nlohmann::json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/text/tokenizer.json"));
    for (int byte = 0; byte < 256; ++byte) {
        const char bytes[] = {char(byte)};
        const std::string letter = text::to_alphabet({bytes, 1});
        if (!file["model"]["vocab"].contains(letter))
            file["model"]["vocab"][letter] = 1000 + byte;
    }
    return file;
}

Strings texts_of(const Tokenizer &tokenizer, const std::string &text)
{
    return token_texts(tokenizer, tokenizer.encode(text));
}

} // namespace

class TestTokenTexts : public QObject {
    Q_OBJECT
    std::unique_ptr<Tokenizer> m_tokenizer = Tokenizer::from_json(small_json().dump(), "tokenizer.json");

private Q_SLOTS:
    void a_character_stands_with_the_token_it_begins_in()
    {
        const std::string m = continued_character;
        QCOMPARE(texts_of(*m_tokenizer, "🙂"), (Strings{"🙂", m, m, m}));
        QCOMPARE(texts_of(*m_tokenizer, "東京"), (Strings{"東", m, m, "京", m, m}));
        // Nothing is lost: what is not a mark is the text again.
        std::string joined;
        for (const std::string &text : texts_of(*m_tokenizer, "Zoë 🙂 said: \n東京\t!"))
            joined += text == m ? "" : text;
        QCOMPARE(joined, std::string("Zoë 🙂 said: \n東京\t!"));
    }

    void a_token_of_an_end_and_a_beginning_shows_both()
    {
        // The last byte of 東 and the first one of 京, as the byte alphabet writes them.
        nlohmann::json file = small_json();
        file["model"]["vocab"]["±ä"] = 2000;
        const auto tokenizer = Tokenizer::from_json(file.dump(), "tokenizer.json");
        std::vector<int64_t> ids = tokenizer->encode("東京"); // six bytes
        QCOMPARE(ids.size(), size_t(6));
        ids = {ids[0], ids[1], 2000, ids[4], ids[5]};
        const std::string m = continued_character;
        QCOMPARE(token_texts(*tokenizer, ids), (Strings{"東", m, m + "京", m, m}));
    }

    void bytes_that_never_become_a_character_are_one_replacement()
    {
        std::vector<int64_t> ids = m_tokenizer->encode("a🙂b");
        ids.erase(ids.begin() + 4); // the smile's last byte
        const std::string m = continued_character;
        QCOMPARE(token_texts(*m_tokenizer, ids), (Strings{"a", "\uFFFD", m, m, "b"}));
        // What comes after an id without a token does not go on with what came before it.
        ids.insert(ids.begin() + 2, 999999);
        QCOMPARE(token_texts(*m_tokenizer, ids), (Strings{"a", "\uFFFD", "[999999]", "\uFFFD", "\uFFFD", "b"}));
        QCOMPARE(token_texts(*m_tokenizer, {}), Strings{});
    }

    void batches_and_messages_show_them()
    {
        PromptPair pair;
        pair.clean = "🙂 a";
        pair.flipped = "🙂 b";
        pair.answer = "🙂";
        pair.wrong = "b";
        tokenize_pair(pair, *m_tokenizer);
        QVERIFY2(pair.problem.find("\uFFFD") == std::string::npos, pair.problem.c_str());
        QVERIFY2(pair.problem.find("\"🙂\" is 4 tokens (\"🙂\"") != std::string::npos, pair.problem.c_str());

        PromptBatch batch;
        batch.prompts = 1;
        batch.clean = pair.clean_ids;
        batch.flipped = pair.flipped_ids;
        batch.width = static_cast<int>(batch.clean.size());
        batch.end = {batch.width - 1};
        describe_tokens(batch, *m_tokenizer);
        QCOMPARE(batch.tokens.at(0).at(0), std::string("🙂"));
        QCOMPARE(batch.tokens.at(0).size(), size_t(batch.width));
        QCOMPARE(batch.flipped_tokens.at(0).at(1), std::string(continued_character));
    }
};

QTEST_APPLESS_MAIN(TestTokenTexts)
#include "test_token_texts.moc"
