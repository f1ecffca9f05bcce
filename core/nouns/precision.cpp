#include "nouns/precision.h"

#include "base/names.h"

namespace patchbay {

namespace {

constexpr Names<Precision, 3> precisions{
    {{Precision::Strict, "strict"}, {Precision::Split, "split"}, {Precision::Bf16, "bf16"}}};

} // namespace

std::string name(Precision precision)
{
    return name_of(precisions, precision);
}

Precision parse_precision(std::string_view text)
{
    return parse_named(precisions, trimmed(text), "a precision");
}

std::optional<Precision> parse_precision_or_auto(std::string_view text)
{
    return trimmed(text) == "auto" ? std::nullopt : std::optional(parse_precision(text));
}

} // namespace patchbay
