#include "text/detail/bpe.h"

#include "text/detail/characters.h"

#include <queue>

namespace patchbay::text {

namespace {

/// Characters whose ids are kept in a table: the alphabet of bytes, and most of what is written with letters.
constexpr size_t kTable = 0x800;

} // namespace

Bpe::Bpe(const JsonField &model)
{
    if (const auto dropout = model.find("dropout"); dropout && dropout->value() != 0)
        dropout->fail("is not supported: it makes tokens random");
    m_vocabulary = Vocabulary::read(model.at("vocab"));
    m_prefix = text_or(model, "continuing_subword_prefix", "");
    m_suffix = text_or(model, "end_of_word_suffix", "");
    m_letters.resize(kTable);
    for (size_t character = 0; character < kTable; ++character) {
        std::string letter;
        append_character(letter, static_cast<UChar32>(character));
        m_letters[character] = m_vocabulary.find(letter);
    }
    if (const auto unknown = model.find("unk_token")) {
        m_unknown = m_vocabulary.find(unknown->text());
        if (m_unknown < 0)
            unknown->fail(in_quotes(unknown->text()) + " is not in model.vocab");
    }
    m_fuse_unknown = flag_or(model, "fuse_unk", false);
    m_ignore_merges = flag_or(model, "ignore_merges", false);
    m_byte_fallback = flag_or(model, "byte_fallback", false);
    if (m_byte_fallback)
        m_bytes = ByteTokens(m_vocabulary);
    read_merges(model.at("merges"));
}

void Bpe::read_merges(const JsonField &merges)
{
    if (!merges.value().is_array())
        merges.fail("should be an array");
    m_merges.reserve(merges.value().size());
    int32_t rank = 0;
    for (const nlohmann::json &entry : merges.value()) {
        const auto fail = [&](const std::string &cause) {
            merges.fail("entry " + std::to_string(&entry - &merges.value()[0]) + " " + cause);
        };
        std::string left, right;
        if (entry.is_string()) { // "Ġ t"; a first line "#version: 0.2" is left over from merges.txt
            const std::string &text = entry.get_ref<const std::string &>();
            if (text.starts_with("#version"))
                continue;
            const size_t space = text.find(' ');
            if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
                fail("(" + in_quotes(text) + ") should be two tokens with one space between");
            left = text.substr(0, space);
            right = text.substr(space + 1);
        } else if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
            left = entry[0].get<std::string>();
            right = entry[1].get<std::string>();
        } else {
            fail("should be two tokens, as a text or as a pair");
        }
        const auto id = [&](const std::string &token) {
            const int32_t found = m_vocabulary.find(token);
            if (found < 0)
                fail("needs the token " + in_quotes(token) + ", which is not in model.vocab");
            return found;
        };
        const int32_t left_id = id(left), right_id = id(right);
        if (right.size() < m_prefix.size())
            fail("goes on with " + in_quotes(right) + ", which has no " + in_quotes(m_prefix) + " before it");
        right.erase(0, m_prefix.size());
        m_merges[uint64_t(uint32_t(left_id)) << 32 | uint32_t(right_id)] = {rank++, id(left + right)};
    }
}

const Bpe::Merge *Bpe::merge_of(int32_t left, int32_t right) const
{
    const auto found = m_merges.find(uint64_t(uint32_t(left)) << 32 | uint32_t(right));
    return found == m_merges.end() ? nullptr : &found->second;
}

void Bpe::encode(std::string_view piece, std::vector<int64_t> &ids) const
{
    if (m_ignore_merges)
        if (const int32_t id = m_vocabulary.find(piece); id >= 0) {
            ids.push_back(id);
            return;
        }
    std::vector<int32_t> symbols = letters_of(piece);
    join(symbols);
    ids.insert(ids.end(), symbols.begin(), symbols.end());
}

std::vector<int32_t> Bpe::letters_of(std::string_view piece) const
{
    std::vector<int32_t> symbols;
    symbols.reserve(piece.size());
    const bool plain = m_prefix.empty() && m_suffix.empty();
    bool unknown = false; // one has been seen that is not written yet: bytes come before it
    std::string letter;
    each_character(piece, [&](UChar32 character, size_t begin, size_t end) {
        int32_t id = -1;
        std::string_view text = piece.substr(begin, end - begin);
        if (plain) {
            id = character >= 0 && size_t(character) < kTable ? m_letters[size_t(character)] : m_vocabulary.find(text);
        } else {
            letter = begin > 0 ? m_prefix : std::string();
            letter += text;
            if (end == piece.size())
                letter += m_suffix;
            text = letter;
            id = m_vocabulary.find(text);
        }
        if (id >= 0) {
            if (unknown)
                symbols.push_back(m_unknown);
            unknown = false;
            symbols.push_back(id);
        } else if (!(m_byte_fallback && m_bytes.append(text, symbols)) && m_unknown >= 0) {
            if (unknown && !m_fuse_unknown)
                symbols.push_back(m_unknown);
            unknown = true;
        }
    });
    if (unknown)
        symbols.push_back(m_unknown);
    return symbols;
}

void Bpe::join(std::vector<int32_t> &symbols) const
{
    // A linked list of what is left, and a heap of the merges possible in it, lowest rank first, then leftmost. Entries
    // whose neighbours have changed since are recognised by the token that they would make and dropped.
    struct Candidate {
        int32_t rank, left, id;
        bool operator<(const Candidate &other) const
        {
            return rank != other.rank ? rank > other.rank : left > other.left;
        }
    };
    const auto count = static_cast<int32_t>(symbols.size());
    std::vector<int32_t> next(symbols.size()), previous(symbols.size());
    std::priority_queue<Candidate> heap;
    const auto consider = [&](int32_t left) {
        if (left < 0 || next[left] >= count)
            return;
        if (const Merge *merge = merge_of(symbols[left], symbols[next[left]]))
            heap.push({merge->rank, left, merge->id});
    };
    for (int32_t i = 0; i < count; ++i) {
        next[i] = i + 1;
        previous[i] = i - 1;
    }
    for (int32_t i = 0; i < count; ++i)
        consider(i);
    while (!heap.empty()) {
        const Candidate best = heap.top();
        heap.pop();
        const int32_t left = best.left;
        if (symbols[left] < 0 || next[left] >= count)
            continue;
        const int32_t right = next[left];
        const Merge *merge = merge_of(symbols[left], symbols[right]);
        if (!merge || merge->id != best.id)
            continue;
        symbols[left] = best.id;
        symbols[right] = -1; // gone
        next[left] = next[right];
        if (next[left] < count)
            previous[next[left]] = left;
        consider(previous[left]);
        consider(left);
    }
    std::erase(symbols, -1);
}

} // namespace patchbay::text
