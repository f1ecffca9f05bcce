#include "text/detail/pattern.h"

#include "base/error.h"

#define ONIG_ESCAPE_UCHAR_COLLISION // UChar is a name of ICU, too, and files are compiled together
#include <oniguruma.h>

#include <algorithm>
#include <mutex>
#include <new>

namespace patchbay::text {

namespace {

const OnigUChar *bytes(const char *text)
{
    return reinterpret_cast<const OnigUChar *>(text);
}

std::string message_of(int code, OnigErrorInfo *info = nullptr)
{
    OnigUChar buffer[ONIG_MAX_ERROR_MESSAGE_LEN];
    const int length = info ? onig_error_code_to_str(buffer, code, info) : onig_error_code_to_str(buffer, code);
    return std::string(reinterpret_cast<const char *>(buffer), size_t(length));
}

void initialize()
{
    static std::once_flag once;
    std::call_once(once, [] {
        OnigEncoding utf8 = ONIG_ENCODING_UTF8;
        onig_initialize(&utf8, 1);
    });
}

/// [:punct:] in brackets as punctuation and symbols, which Oniguruma means by it from 6.9.9 on, and with it the
/// tokenizers of today; to 6.9.8 symbols such as $ and + are none.
std::string with_symbols_as_punctuation(const std::string &regex)
{
    constexpr std::string_view kPunct = "[:punct:]", kOther = "[:^punct:]";
    std::string result;
    int depth = 0; // of brackets
    for (size_t i = 0; i < regex.size();) {
        const std::string_view rest = std::string_view(regex).substr(i);
        size_t taken = 1;
        if (depth > 0 && rest.starts_with(kPunct)) {
            result += "\\p{P}\\p{S}";
            i += kPunct.size();
            continue;
        }
        if (depth > 0 && rest.starts_with(kOther)) {
            result += "[^\\p{P}\\p{S}]";
            i += kOther.size();
            continue;
        }
        if (rest[0] == '\\')
            taken = std::min<size_t>(2, rest.size());
        else if (depth > 0 && rest.starts_with("[:") && rest.find(":]") != std::string_view::npos)
            taken = rest.find(":]") + 2;
        else if (rest[0] == '[')
            ++depth;
        else if (rest[0] == ']' && depth > 0)
            --depth;
        result += rest.substr(0, taken);
        i += taken;
    }
    return result;
}

/// How much a single search may take. A sensible pattern goes back a few times for each character at most, and keeps a
/// few places for each to go back to; one that runs away soon needs more than any limit.
struct Limits {
    explicit Limits(size_t length) : m(onig_new_match_param())
    {
        if (!m)
            throw std::bad_alloc();
        onig_initialize_match_param(m);
        constexpr size_t kAnyText = 10'000'000, kEachByte = 100, kPlaces = 4;
        const unsigned long retries = kAnyText + kEachByte * length;
        onig_set_retry_limit_in_match_of_match_param(m, retries);
        onig_set_retry_limit_in_search_of_match_param(m, retries);
        onig_set_match_stack_limit_size_of_match_param(
            m, static_cast<unsigned int>(std::min<size_t>(kAnyText + kPlaces * length, 1u << 31)));
    }
    ~Limits() { onig_free_match_param(m); }
    Limits(const Limits &) = delete;
    Limits &operator=(const Limits &) = delete;
    OnigMatchParam *const m;
};

} // namespace

struct Pattern::Compiled {
    OnigRegex regex = nullptr;
    ~Compiled() { onig_free(regex); }
};

Pattern::Pattern(const JsonField &field, const std::string &pattern, Kind kind)
    : m_file(field.file()), m_compiled(std::make_unique<Compiled>())
{
    initialize();
    OnigErrorInfo info;
    const std::string text = kind == Kind::Literal ? pattern : with_symbols_as_punctuation(pattern);
    const int code =
        onig_new(&m_compiled->regex, bytes(text.data()), bytes(text.data() + text.size()), ONIG_OPTION_NONE,
                 ONIG_ENCODING_UTF8, kind == Kind::Literal ? ONIG_SYNTAX_ASIS : ONIG_SYNTAX_ONIGURUMA, &info);
    if (code != ONIG_NORMAL) {
        m_compiled->regex = nullptr; // gone already
        field.fail("is not a regular expression that Oniguruma understands (" + message_of(code, &info)
                   + "): " + in_quotes(pattern));
    }
}

Pattern::~Pattern() = default;

std::unique_ptr<Pattern> Pattern::read(const JsonField &pattern)
{
    if (const auto regex = pattern.find("Regex"))
        return std::make_unique<Pattern>(*regex, regex->text());
    return std::make_unique<Pattern>(pattern, pattern.at("String").text(), Kind::Literal);
}

std::vector<Span> Pattern::spans(std::string_view text) const
{
    const Limits limits(text.size());
    const std::unique_ptr<OnigRegion, void (*)(OnigRegion *)> region(onig_region_new(),
                                                                     [](OnigRegion *r) { onig_region_free(r, 1); });
    const OnigUChar *const start = bytes(text.data()), *const stop = start + text.size();
    std::vector<Span> result;
    size_t done = 0;                      // everything before is in result
    size_t from = 0;                      // where the next search begins
    size_t last = std::string_view::npos; // the end of the last find
    while (from <= text.size()) {
        const int found = onig_search_with_param(m_compiled->regex, start, stop, start + from, stop, region.get(),
                                                 ONIG_OPTION_NONE, limits.m);
        if (found == ONIG_MISMATCH)
            break;
        if (found < 0)
            throw Error(m_file,
                        "a pattern fails on a text of " + std::to_string(text.size()) + " bytes: " + message_of(found));
        const auto begin = static_cast<size_t>(region->beg[0]), end = static_cast<size_t>(region->end[0]);
        if (begin == end && end == last) { // nothing, where the last find ended: go on behind the next character
            from += from < text.size() ? static_cast<size_t>(ONIGENC_MBC_ENC_LEN(ONIG_ENCODING_UTF8, start + from)) : 1;
            continue;
        }
        from = last = end;
        if (begin > done)
            result.push_back({done, begin, false});
        result.push_back({begin, end, true});
        done = end;
    }
    if (done < text.size())
        result.push_back({done, text.size(), false});
    return result;
}

std::string Pattern::replaced(std::string_view text, const std::vector<Span> &spans, std::string_view content) const
{
    constexpr size_t kAnyText = size_t(1) << 20, kEachByte = 64;
    std::string result;
    for (const Span &span : spans) {
        result += span.found ? content : text.substr(span.begin, span.end - span.begin);
        if (result.size() > kAnyText + kEachByte * text.size())
            throw Error(m_file,
                        "replacing makes more than " + std::to_string(result.size()) + " bytes of a text of "
                            + std::to_string(text.size()));
    }
    return result;
}

} // namespace patchbay::text
