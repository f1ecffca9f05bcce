#include "text/detail/metaspace.h"

#include "text/detail/vocabulary.h"

namespace patchbay::text {

Metaspace Metaspace::read(const JsonField &field)
{
    Metaspace metaspace;
    metaspace.replacement = field.at("replacement").text();
    if (metaspace.replacement.empty())
        field.at("replacement").fail("should be one character");
    const std::string scheme = text_or(field, "prepend_scheme", "always");
    if (scheme == "first")
        metaspace.prepend = Prepend::First;
    else if (scheme == "never")
        metaspace.prepend = Prepend::Never;
    else if (scheme != "always")
        field.at("prepend_scheme").fail(in_quotes(scheme) + " is not supported (only always, first, never)");
    if (!flag_or(field, "add_prefix_space", true)) // how older files say it
        metaspace.prepend = Prepend::Never;
    return metaspace;
}

} // namespace patchbay::text
