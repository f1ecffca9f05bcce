#include "text/detail/added_tokens.h"

#include "text/detail/characters.h"
#include "text/detail/vocabulary.h"

#include <algorithm>

namespace patchbay::text {

namespace {

UChar32 character_before(std::string_view text, size_t at)
{
    auto i = static_cast<int32_t>(at);
    UChar32 character;
    U8_PREV(text.data(), 0, i, character);
    return character;
}

UChar32 character_at(std::string_view text, size_t at)
{
    auto i = static_cast<int32_t>(at);
    UChar32 character;
    U8_NEXT(text.data(), i, static_cast<int32_t>(text.size()), character);
    return character;
}

} // namespace

std::vector<AddedToken> read_added_tokens(const JsonField &list)
{
    std::vector<AddedToken> result;
    for (const JsonField &entry : list.items()) {
        AddedToken token;
        token.id = static_cast<int32_t>(entry.at("id").integer(0, highest_id));
        token.content = entry.at("content").text();
        token.special = flag_or(entry, "special", false);
        token.single_word = flag_or(entry, "single_word", false);
        token.lstrip = flag_or(entry, "lstrip", false);
        token.rstrip = flag_or(entry, "rstrip", false);
        token.normalized = flag_or(entry, "normalized", !token.special);
        if (!token.content.empty()) // nothing to find
            result.push_back(std::move(token));
    }
    return result;
}

void AddedTokenFinder::add(const AddedToken &token, const std::string &content)
{
    if (content.empty())
        return;
    size_t node = 0;
    for (const char byte : content) {
        const auto [place, created] = m_nodes[node].next.try_emplace(byte, m_nodes.size());
        node = place->second;
        if (created)
            m_nodes.emplace_back();
    }
    m_nodes[node].token = static_cast<int>(m_tokens.size());
    m_tokens.push_back(token);
}

const AddedToken *AddedTokenFinder::longest_at(std::string_view text, size_t at, size_t &length) const
{
    const AddedToken *longest = nullptr;
    size_t node = 0;
    for (size_t i = at; i < text.size(); ++i) {
        const auto next = m_nodes[node].next.find(text[i]);
        if (next == m_nodes[node].next.end())
            break;
        node = next->second;
        if (m_nodes[node].token >= 0) {
            longest = &m_tokens[size_t(m_nodes[node].token)];
            length = i + 1 - at;
        }
    }
    return longest;
}

std::vector<Stretch> AddedTokenFinder::split(std::string_view text) const
{
    std::vector<Stretch> result;
    size_t done = 0; // everything before is in result
    for (size_t at = 0; at < text.size();) {
        size_t length = 0;
        const AddedToken *token = longest_at(text, at, length);
        if (!token) {
            ++at;
            continue;
        }
        size_t start = at, stop = at + length;
        at = stop;
        if (token->single_word
            && ((start > 0 && is_word_character(character_before(text, start)))
                || (stop < text.size() && is_word_character(character_at(text, stop)))))
            continue;
        if (token->lstrip)
            while (start > done && is_white_space(character_before(text, start))) {
                auto i = static_cast<int32_t>(start);
                U8_BACK_1(reinterpret_cast<const uint8_t *>(text.data()), 0, i);
                start = static_cast<size_t>(i);
            }
        if (token->rstrip)
            while (stop < text.size() && is_white_space(character_at(text, stop))) {
                auto i = static_cast<int32_t>(stop);
                U8_FWD_1(text.data(), i, static_cast<int32_t>(text.size()));
                stop = static_cast<size_t>(i);
            }
        if (start > done)
            result.push_back({-1, text.substr(done, start - done)});
        result.push_back({token->id, text.substr(start, stop - start)});
        done = std::max(done, stop);
    }
    if (done < text.size())
        result.push_back({-1, text.substr(done)});
    return result;
}

} // namespace patchbay::text
