// Tokens that are found in the text before anything else is done with it.
#pragma once

#include "base/json_field.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

struct AddedToken {
    int32_t id = 0;
    std::string content;
    bool single_word = false, lstrip = false, rstrip = false, normalized = false, special = false;
};

/// Reads "added_tokens" of a tokenizer.json. Throws Error naming the entry.
std::vector<AddedToken> read_added_tokens(const JsonField &list);

/// A stretch of text: an added token's, or ordinary text (id -1).
struct Stretch {
    int32_t id;
    std::string_view text;
};

/// Finds a set of added tokens: from left to right, the longest at each place.
class AddedTokenFinder {
public:
    /// content: what to search for, for each token (normalized ones are searched for in their normalized form).
    void add(const AddedToken &token, const std::string &content);
    /// The text cut into added tokens and what lies between them; nothing for an empty text.
    std::vector<Stretch> split(std::string_view text) const;

private:
    struct Node { ///< of a tree of bytes
        std::map<char, size_t> next;
        int token = -1;
    };
    /// The longest token that begins here, and its length; null: none.
    const AddedToken *longest_at(std::string_view text, size_t at, size_t &length) const;

    std::vector<AddedToken> m_tokens;
    std::vector<Node> m_nodes{Node()};
};

} // namespace patchbay::text
