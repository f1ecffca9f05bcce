// The tokens of a model and their ids.
#pragma once

#include "base/json_field.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace patchbay::text {

/// Ids beyond this are not a vocabulary but a mistake; tables by id stay small.
inline constexpr int64_t highest_id = (1 << 24) - 1;

class Vocabulary {
public:
    /// Reads an object of tokens and their ids. Throws Error naming the entry.
    static Vocabulary read(const JsonField &object);
    void reserve(size_t tokens) { m_ids.reserve(tokens); }
    void set(const std::string &token, int32_t id) { m_ids[token] = id; }
    /// -1: there is no such token.
    int32_t find(std::string_view token) const
    {
        const auto found = m_ids.find(token);
        return found == m_ids.end() ? -1 : found->second;
    }
    size_t size() const { return m_ids.size(); }
    auto begin() const { return m_ids.begin(); }
    auto end() const { return m_ids.end(); }

private:
    struct Hash {
        using is_transparent = void;
        size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    std::unordered_map<std::string, int32_t, Hash, std::equal_to<>> m_ids;
};

/// The tokens <0x00> to <0xFF>, which stand for the bytes of what no other token stands for.
class ByteTokens {
public:
    ByteTokens() { m_ids.fill(-1); }
    explicit ByteTokens(const Vocabulary &vocabulary);
    /// Appends the tokens of all bytes, or none where one of them is missing.
    template <typename Id>
    bool append(std::string_view bytes, std::vector<Id> &ids) const
    {
        for (const char byte : bytes)
            if (m_ids[static_cast<unsigned char>(byte)] < 0)
                return false;
        for (const char byte : bytes)
            ids.push_back(m_ids[static_cast<unsigned char>(byte)]);
        return true;
    }

private:
    std::array<int32_t, 256> m_ids;
};

/// The byte that a token such as <0x0A> stands for; nothing for another token.
std::optional<char> byte_of_token(std::string_view token);

/// A flag that may be missing or null.
inline bool flag_or(const JsonField &object, const char *key, bool fallback)
{
    const auto field = object.find(key);
    return field ? field->flag() : fallback;
}

/// A text that may be missing or null.
inline std::string text_or(const JsonField &object, const char *key, const char *fallback)
{
    const auto field = object.find(key);
    return field ? field->text() : fallback;
}

} // namespace patchbay::text
