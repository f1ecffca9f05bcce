#include "text/detail/bpe.h"

#include "text/detail/byte_alphabet.h"

#include <unicode/utf8.h>

#include <queue>

namespace patchbay::text {

namespace {

/// Ids beyond this are not a vocabulary but a mistake; tables by id stay small.
constexpr int64_t highest_id = (1 << 24) - 1;

void refuse_text(const JsonField &model, const char *key)
{
    if (const auto field = model.find(key); field && !field->text().empty())
        field->fail("is not supported by byte-level BPE (" + in_quotes(field->text()) + ")");
}

bool flag_or_false(const JsonField &model, const char *key)
{
    const auto field = model.find(key);
    return field && field->flag();
}

} // namespace

Bpe::Bpe(const JsonField &model)
{
    if (const auto type = model.find("type"); type && type->text() != "BPE")
        type->fail(in_quotes(type->text()) + " is not supported (only BPE)");
    refuse_text(model, "continuing_subword_prefix");
    refuse_text(model, "end_of_word_suffix");
    if (const auto dropout = model.find("dropout"); dropout && dropout->value() != 0)
        dropout->fail("is not supported: it makes tokens random");
    if (flag_or_false(model, "byte_fallback"))
        model.at("byte_fallback").fail("is not supported");

    const JsonField vocabulary = model.at("vocab");
    if (!vocabulary.value().is_object() || vocabulary.value().empty())
        vocabulary.fail("should be an object of tokens and their ids, and not empty");
    m_vocabulary.reserve(vocabulary.value().size());
    for (const auto &[token, id] : vocabulary.value().items())
        m_vocabulary[token] = static_cast<int32_t>(
            JsonField(id, model.file(), "model.vocab[" + in_quotes(token) + "]").integer(0, highest_id));

    m_letters.assign(alphabet_end, -1);
    for (int byte = 0; byte < 256; ++byte) {
        const char bytes[] = {static_cast<char>(byte)};
        const auto found = m_vocabulary.find(to_alphabet({bytes, 1}));
        if (found != m_vocabulary.end())
            m_letters[byte_alphabet()[size_t(byte)]] = found->second;
    }
    if (const auto unknown = model.find("unk_token")) {
        const auto found = m_vocabulary.find(unknown->text());
        if (found == m_vocabulary.end())
            unknown->fail(in_quotes(unknown->text()) + " is not in model.vocab");
        m_unknown = found->second;
    }
    m_fuse_unknown = flag_or_false(model, "fuse_unk");
    m_ignore_merges = flag_or_false(model, "ignore_merges");
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
            const auto found = m_vocabulary.find(token);
            if (found == m_vocabulary.end())
                fail("needs the token " + in_quotes(token) + ", which is not in model.vocab");
            return found->second;
        };
        const int32_t left_id = id(left), right_id = id(right);
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
    if (m_ignore_merges) {
        const auto found = m_vocabulary.find(std::string(piece));
        if (found != m_vocabulary.end()) {
            ids.push_back(found->second);
            return;
        }
    }
    std::vector<int32_t> symbols;
    symbols.reserve(piece.size());
    bool after_unknown = false;
    for (size_t i = 0; i < piece.size();) {
        UChar32 letter;
        U8_NEXT(piece.data(), i, piece.size(), letter);
        const int32_t id = letter >= 0 && size_t(letter) < m_letters.size() ? m_letters[size_t(letter)] : -1;
        if (id >= 0)
            symbols.push_back(id);
        else if (m_unknown >= 0 && !(m_fuse_unknown && after_unknown))
            symbols.push_back(m_unknown);
        after_unknown = id < 0;
    }
    join(symbols);
    ids.insert(ids.end(), symbols.begin(), symbols.end());
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
