#include "task/flip.h"

#include "base/error.h"

#include <algorithm>

namespace patchbay {

namespace {

std::string without_outer_spaces(const std::string &text)
{
    const size_t begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

bool is_pattern(const std::string &text)
{
    return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

FlipPart parse_part(const std::string &part, const std::string &whole)
{
    const size_t arrow = part.find("->");
    FlipPart result;
    if (arrow != std::string::npos)
        result = {without_outer_spaces(part.substr(0, arrow)), without_outer_spaces(part.substr(arrow + 2))};
    if (!is_pattern(result.from) || !is_pattern(result.to))
        throw Error("flip \"" + whole + "\"",
                    "should be two changes of three capital letters each, such as ABB->ABA, BAB->BAA");
    return result;
}

} // namespace

std::string FlipPart::random_letters() const
{
    std::string letters;
    for (const char letter : to)
        if (from.find(letter) == std::string::npos && letters.find(letter) == std::string::npos)
            letters.push_back(letter);
    std::sort(letters.begin(), letters.end());
    return letters;
}

int64_t Flip::seed_offset() const
{
    int64_t sum = 0;
    for (const char character : text)
        sum += static_cast<unsigned char>(character);
    return sum;
}

Flip parse_flip(const std::string &text)
{
    const size_t comma = text.find(',');
    if (comma == std::string::npos || text.find(',', comma + 1) != std::string::npos)
        throw Error("flip \"" + text + "\"", "should have two parts with a comma between, such as ABB->ABA, BAB->BAA");
    Flip flip{text, parse_part(text.substr(0, comma), text), parse_part(text.substr(comma + 1), text)};
    const std::string &abb = flip.abba.from, &bab = flip.baba.from;
    if (abb[1] != abb[2] || abb[0] == abb[1])
        throw Error("flip \"" + text + "\"",
                    "its first part is for ABBA prompts and should begin with a pattern such as ABB, not " + abb);
    if (bab[0] != bab[2] || bab[0] == bab[1])
        throw Error("flip \"" + text + "\"",
                    "its second part is for BABA prompts and should begin with a pattern such as BAB, not " + bab);
    return flip;
}

} // namespace patchbay
