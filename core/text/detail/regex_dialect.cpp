#include "text/detail/regex_dialect.h"

#include <string_view>

namespace patchbay::text {

namespace {

/// \w of Oniguruma, to stand inside brackets: ICU's own also holds the characters that join emoji.
#define PATCHBAY_WORD R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})"
/// [[:punct:]] of Oniguruma: ICU's own leaves out the ASCII symbols.
constexpr const char *punctuation = R"(\p{P}\$\+<=>\^`\|~)";

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Dialect {
public:
    explicit Dialect(const JsonField &field) : m_field(field), m_regex(field.text()) {}

    std::string translated()
    {
        while (m_at < m_regex.size()) {
            const char c = m_regex[m_at];
            if (c == '\\')
                escape();
            else if (c == '[')
                bracket();
            else if (c == ']')
                close();
            else if (c == '(' && m_depth == 0)
                group();
            else if (c == '{' && m_depth == 0)
                interval();
            else
                copy(1);
        }
        return m_result;
    }

private:
    [[noreturn]] void refuse(const std::string &what) const
    {
        m_field.fail("uses " + what + ", which is not supported: " + in_quotes(m_regex));
    }
    std::string_view rest(size_t from) const { return std::string_view(m_regex).substr(std::min(from, m_regex.size())); }
    void copy(size_t count)
    {
        m_result.append(m_regex, m_at, count);
        m_at += count;
    }
    void replace(size_t count, const char *by)
    {
        m_result += by;
        m_at += count;
    }

    void escape()
    {
        const char c = rest(m_at + 1).empty() ? '\\' : m_regex[m_at + 1];
        const bool inside = m_depth > 0;
        switch (c) {
        case 'w': return replace(2, inside ? PATCHBAY_WORD : "[" PATCHBAY_WORD "]");
        case 'W': return replace(2, "[^" PATCHBAY_WORD "]");
        case 'v': return replace(2, R"(\x0B)"); // any vertical space to ICU
        // A combining mark is a character like others here; ICU's boundaries pass over it.
        case 'b':
            return replace(2, inside ? R"(\x08)"
                                     : "(?:(?<=[" PATCHBAY_WORD "])(?![" PATCHBAY_WORD "])|(?<![" PATCHBAY_WORD "])(?=[" PATCHBAY_WORD "]))");
        case 'B':
            if (!inside)
                return replace(2, "(?:(?<=[" PATCHBAY_WORD "])(?=[" PATCHBAY_WORD "])|(?<![" PATCHBAY_WORD "])(?![" PATCHBAY_WORD "]))");
            break;
        case 'p':
        case 'P':
        case 'x': // with braces, which are no interval
        case 'k': {
            const size_t end = rest(m_at).starts_with(std::string("\\") + c + "{") ? m_regex.find('}', m_at) : m_at + 1;
            if (end == std::string::npos)
                break; // ICU says what is wrong
            if (rest(m_at + 2).starts_with("{^") && c != 'x' && c != 'k') { // \p{^L} is \P{L}
                m_result += c == 'p' ? "\\P{" : "\\p{";
                m_at += 4;
                return copy(end + 1 - m_at);
            }
            return copy(end + 1 - m_at);
        }
        default:
            if (is_letter(c) && std::string_view("AZzdDsSnrtfaeu").find(c) == std::string_view::npos)
                refuse(std::string("\\") + c);
        }
        copy(std::min<size_t>(2, m_regex.size() - m_at));
    }

    void bracket()
    {
        if (m_depth > 0 && rest(m_at).starts_with("[:")) {
            const size_t end = m_regex.find(":]", m_at);
            const bool negated = rest(m_at).starts_with("[:^");
            const size_t begin = m_at + (negated ? 3 : 2);
            const std::string name = end == std::string::npos ? "" : m_regex.substr(begin, end - begin);
            const std::string open = negated ? "[^" : "[";
            if (name == "word")
                m_result += open + PATCHBAY_WORD "]";
            else if (name == "punct")
                m_result += open + punctuation + "]";
            else if (name == "alpha" || name == "alnum" || name == "digit" || name == "space" || name == "upper" || name == "lower")
                m_result += "[:" + std::string(negated ? "^" : "") + name + ":]";
            else
                refuse("[:" + name + ":]");
            m_at = end + 2;
            return;
        }
        ++m_depth;
        copy(rest(m_at).starts_with("[^") ? 2 : 1);
    }

    void close()
    {
        if (m_depth > 0)
            --m_depth;
        copy(1);
    }

    /// (?i: and (?i) mean the same in both; the other options do not, or exist in one of them only.
    void group()
    {
        if (rest(m_at).starts_with("(?"))
            for (size_t i = m_at + 2; i < m_regex.size() && (is_letter(m_regex[i]) || m_regex[i] == '-'); ++i)
                if (m_regex[i] != 'i' && m_regex[i] != '-')
                    refuse(std::string("(?") + m_regex[i]);
        copy(1);
    }

    /// After an interval, + repeats it and ? makes an exact one optional; to ICU they mean possessive and reluctant.
    void interval()
    {
        const size_t end = m_regex.find('}', m_at);
        const std::string_view inner = end == std::string::npos ? std::string_view() : rest(m_at + 1).substr(0, end - m_at - 1);
        if (inner.empty() || inner.find_first_not_of("0123456789,") != std::string_view::npos)
            return copy(1);
        const char after = end + 1 < m_regex.size() ? m_regex[end + 1] : '\0';
        if (after == '+' || (after == '?' && inner.find(',') == std::string_view::npos))
            refuse(m_regex.substr(m_at, end + 2 - m_at));
        if (inner.starts_with(",")) { // {,n}
            m_result += "{0";
            ++m_at;
        }
        copy(end + 1 - m_at);
    }

    const JsonField &m_field;
    const std::string m_regex;
    std::string m_result;
    size_t m_at = 0;
    int m_depth = 0; ///< of brackets
};

#undef PATCHBAY_WORD

} // namespace

std::string icu_regex(const JsonField &field)
{
    return Dialect(field).translated();
}

} // namespace patchbay::text
