#include "edges/replacement.h"

#include "base/names.h"

namespace patchbay {

namespace {

constexpr Names<EdgeReplacement, 4> replacement_names{{{EdgeReplacement::Patching, "patching"},
                                                       {EdgeReplacement::Zero, "zero"},
                                                       {EdgeReplacement::Mean, "mean"},
                                                       {EdgeReplacement::MeanPositional, "mean-positional"}}};

} // namespace

std::string name(EdgeReplacement replacement)
{
    return name_of(replacement_names, replacement);
}

EdgeReplacement parse_edge_replacement(std::string_view text)
{
    return parse_named(replacement_names, text, "a replacement of edges");
}

std::string in_words(EdgeReplacement replacement, bool base_flipped)
{
    switch (replacement) {
    case EdgeReplacement::Patching:
        break;
    case EdgeReplacement::Zero:
        return "zero";
    case EdgeReplacement::Mean:
        return "its mean over the clean prompts and all their positions";
    case EdgeReplacement::MeanPositional:
        return "its mean at each position over the clean prompts";
    }
    return base_flipped ? "its value in the clean run" : "its value in the flipped run";
}

} // namespace patchbay
