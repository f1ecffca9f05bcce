#include "task/word_rule.h"

#include "base/error.h"
#include "base/plain_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace patchbay {

namespace {

/// A whole number of at most twelve digits, "07" as well.
std::optional<int64_t> whole_number(std::string_view text)
{
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size() && text.size() <= 12;
    return whole ? std::optional(value) : std::nullopt;
}

int64_t number_of(const std::string &text, const std::string &what)
{
    if (const std::optional<int64_t> number = whole_number(text))
        return *number;
    throw Error(what, in_quotes(text) + " is no whole number");
}

} // namespace

bool is_slot_name(std::string_view text)
{
    const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
    return !text.empty() && capital(text[0])
        && std::all_of(text.begin(), text.end(), [&](char c) { return capital(c) || is_digit(c) || c == '_'; });
}

WordValue::WordValue(std::string_view text) : m_text(text)
{
    const auto fail = [&](const std::string &cause) { throw Error(in_quotes(text), cause); };
    size_t at = 0;
    int sign = 1;
    for (;;) {
        while (at < text.size() && is_space(text[at]))
            ++at;
        Term &term = m_terms.emplace_back();
        term.sign = sign;
        if (at < text.size() && text[at] == '\'') {
            const size_t end = text.find('\'', at + 1);
            if (end == std::string_view::npos)
                fail("a quoted text does not end");
            term.text = text.substr(at + 1, end - at - 1);
            at = end + 1;
        } else {
            const size_t end = std::min(text.find_first_of(" +-\t", at), text.size());
            const std::string_view word = text.substr(at, end - at);
            const size_t dot = word.find('.');
            if (is_slot_name(word.substr(0, dot))) {
                term.slot = word.substr(0, dot);
                term.column = dot == std::string_view::npos ? "word" : word.substr(dot + 1);
                m_reads.emplace(term.slot, term.column);
            } else if (whole_number(word)) {
                term.text = word;
            } else {
                fail(word.empty() ? std::string("a value is missing")
                                  : in_quotes(word) + " is neither a slot (in capitals), a number nor a 'text'");
            }
            at = end;
        }
        while (at < text.size() && is_space(text[at]))
            ++at;
        if (at == text.size())
            return;
        if (text[at] != '+' && text[at] != '-')
            fail("between two values stands + or -");
        sign = text[at++] == '+' ? 1 : -1;
    }
}

std::string WordValue::of(const Term &term, const Filling &filling) const
{
    if (term.slot.empty())
        return term.text;
    const auto found = filling.find(term.slot);
    if (found == filling.end())
        throw Error(in_quotes(m_text), "there is no slot " + term.slot);
    return found->second.value(term.column);
}

std::string WordValue::of(const Filling &filling) const
{
    if (m_terms.size() == 1)
        return of(m_terms.front(), filling);
    int64_t sum = 0;
    for (const Term &term : m_terms)
        sum += term.sign * number_of(of(term, filling), in_quotes(m_text));
    return std::to_string(sum);
}

WordRule::Parts WordRule::split(std::string_view text)
{
    const size_t at = text.find_first_of("=!<>");
    if (at == std::string_view::npos)
        throw Error(in_quotes(text),
                    "is no rule; write a column, one of = != < <= > >= and a value, such as "
                    "\"number != SUBJECT.number\"");
    const size_t length = at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1;
    const Parts parts{trimmed(text.substr(0, at)), text.substr(at, length), text.substr(at + length)};
    if (parts.op == "!" || parts.op == "==" || parts.column.empty())
        throw Error(in_quotes(text),
                    parts.column.empty() ? "names no column before " + std::string(parts.op)
                                         : in_quotes(parts.op) + " is not one of = != < <= > >=");
    return parts;
}

WordRule::WordRule(std::string_view text) : WordRule(split(text)) { }

bool WordRule::holds(const WordList &list, const Word &row, const Filling &filling) const
{
    const std::string left = list.value(row, m_column), right = m_value.of(filling);
    if (m_op == "=")
        return left == right;
    if (m_op == "!=")
        return left != right;
    const std::string what = "list " + in_quotes(list.name);
    const int64_t a = number_of(left, what), b = number_of(right, what);
    return m_op == "<" ? a < b : m_op == "<=" ? a <= b : m_op == ">" ? a > b : a >= b;
}

std::vector<Word> matching(const WordList &list, const std::vector<WordRule> &rules, const Filling &filling)
{
    std::vector<Word> rows;
    std::copy_if(list.rows.begin(), list.rows.end(), std::back_inserter(rows), [&](const Word &row) {
        return std::all_of(rules.begin(), rules.end(),
                           [&](const WordRule &rule) { return rule.holds(list, row, filling); });
    });
    return rows;
}

} // namespace patchbay
