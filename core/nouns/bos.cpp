#include "nouns/bos.h"

#include "base/names.h"

namespace patchbay {

namespace {

constexpr Names<Bos, 3> choices{{{Bos::Auto, "auto"}, {Bos::Yes, "yes"}, {Bos::No, "no"}}};

} // namespace

std::string name(Bos bos)
{
    return name_of(choices, bos);
}

Bos parse_bos(std::string_view text)
{
    return parse_named(choices, trimmed(text), "a choice of BOS");
}

} // namespace patchbay
