// A regular expression of a tokenizer.json, matched by Oniguruma: the engine, and so the syntax, that these files are
// written for.
#pragma once

#include "base/json_field.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::text {

/// A stretch of a text, in bytes, and whether a pattern found it.
struct Span {
    size_t begin, end;
    bool found;
};

/// Immutable; safe to use from several threads.
class Pattern {
public:
    enum class Kind {
        Regex,  ///< in Oniguruma's own syntax, which the `onig` crate behind Hugging Face's tokenizers takes
        Literal ///< every character stands for itself
    };
    /// field: where the pattern stands, for complaints. Throws Error where Oniguruma does not take it.
    Pattern(const JsonField &field, const std::string &pattern, Kind kind = Kind::Regex);
    ~Pattern();
    /// Reads {"Regex": …} or {"String": …}.
    static std::unique_ptr<Pattern> read(const JsonField &pattern);

    /// What the pattern finds in well-formed UTF-8, one after the other, and what lies between: together the whole
    /// text. Throws Error where a match takes more steps than any sensible pattern needs.
    std::vector<Span> spans(std::string_view text) const;
    /// The text with content in the place of what was found. Throws Error where that is out of all proportion.
    std::string replaced(std::string_view text, const std::vector<Span> &spans, std::string_view content) const;

private:
    struct Compiled;
    std::string m_file;
    std::unique_ptr<Compiled> m_compiled;
};

} // namespace patchbay::text
