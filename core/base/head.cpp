#include "base/head.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <charconv>

namespace patchbay {

std::string label(Head head)
{
    return "L" + std::to_string(head.layer) + "H" + std::to_string(head.head);
}

std::string dotted(Head head)
{
    return std::to_string(head.layer) + "." + std::to_string(head.head);
}

namespace {

// Two runs of digits with, around them, nothing but what one of the accepted spellings has there.
bool read_spelling(const std::string &text, const std::string &before, const std::string &between,
                   const std::string &after, Head &out)
{
    size_t at = 0;
    const auto literal = [&](const std::string &expected) {
        if (text.compare(at, expected.size(), expected) != 0)
            return false;
        at += expected.size();
        return true;
    };
    const auto number = [&](int &value) {
        const size_t start = at;
        while (at < text.size() && is_digit(text[at]))
            ++at;
        if (at == start || at - start > 6)
            return false;
        return std::from_chars(text.data() + start, text.data() + at, value).ec == std::errc();
    };
    return literal(before) && number(out.layer) && literal(between) && number(out.head) && literal(after)
        && at == text.size();
}

} // namespace

Head parse_head(std::string_view text)
{
    std::string plain = lower_case(text);
    std::erase_if(plain, is_space);
    Head head;
    if (read_spelling(plain, "", ".", "", head) || read_spelling(plain, "(", ",", ")", head)
        || read_spelling(plain, "l", "h", "", head) || read_spelling(plain, "a", ".h", "", head))
        return head;
    throw Error(std::string(text), "is not a head; write 9.6, (9,6), L9H6 or a9.h6");
}

std::vector<Head> parse_heads(std::string_view text)
{
    std::vector<Head> heads;
    std::string piece;
    int depth = 0;
    const auto finish = [&] {
        if (piece.find_first_not_of(" \t") != std::string::npos)
            heads.push_back(parse_head(piece));
        piece.clear();
    };
    for (const char c : text) {
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ',' && depth == 0)
            finish();
        else
            piece += c;
    }
    finish();
    return heads;
}

} // namespace patchbay
