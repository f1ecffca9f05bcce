#include "text/detail/word_models.h"

#include "base/error.h"
#include "text/detail/characters.h"

namespace patchbay::text {

WordPiece::WordPiece(const JsonField &model)
{
    m_vocabulary = Vocabulary::read(model.at("vocab"));
    m_prefix = text_or(model, "continuing_subword_prefix", "##");
    const std::string unknown = text_or(model, "unk_token", "[UNK]");
    m_unknown = m_vocabulary.find(unknown);
    if (m_unknown < 0)
        model.fail("unk_token: " + in_quotes(unknown) + " is not in model.vocab");
    if (const auto most = model.find("max_input_chars_per_word"))
        m_most_characters = most->integer(0, 1 << 20);
}

void WordPiece::encode(std::string_view piece, std::vector<int64_t> &ids) const
{
    std::vector<size_t> ends; // of characters
    each_character(piece, [&](UChar32, size_t, size_t end) { ends.push_back(end); });
    std::vector<int64_t> parts;
    size_t begin = 0, first = 0; // byte, and its character's index
    if (int64_t(ends.size()) <= m_most_characters) {
        std::string part;
        while (begin < piece.size()) {
            int32_t id = -1;
            size_t last = ends.size();
            for (; last > first && id < 0; --last) {
                part = begin > 0 ? m_prefix : std::string();
                part += piece.substr(begin, ends[last - 1] - begin);
                id = m_vocabulary.find(part);
            }
            if (id < 0)
                break;
            parts.push_back(id);
            begin = ends[last];
            first = last + 1;
        }
    }
    if (begin < piece.size())
        parts.assign(1, m_unknown);
    ids.insert(ids.end(), parts.begin(), parts.end());
}

WordLevel::WordLevel(const JsonField &model) : m_file(model.file())
{
    m_vocabulary = Vocabulary::read(model.at("vocab"));
    m_unknown = m_vocabulary.find(text_or(model, "unk_token", "<unk>"));
}

void WordLevel::encode(std::string_view piece, std::vector<int64_t> &ids) const
{
    const int32_t id = m_vocabulary.find(piece);
    if (id < 0 && m_unknown < 0)
        throw Error(m_file, "model.vocab has no token for " + in_quotes(piece) + ", and no unk_token");
    ids.push_back(id < 0 ? m_unknown : id);
}

} // namespace patchbay::text
