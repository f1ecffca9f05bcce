// A RunSpec in words: titles of figures and sentences of captions.
#include "patching/analysis_text.h"
#include "patching/run_spec.h"

#include <algorithm>

namespace patchbay {

namespace {

std::string joined(const std::vector<std::string> &words)
{
    std::string text;
    for (size_t i = 0; i < words.size(); ++i)
        text += (i == 0 ? "" : ", ") + words[i];
    return text;
}

std::string in_words(Direction direction)
{
    return direction == Direction::Denoise ? "denoising" : "noising";
}

std::string site_words(const RunSpec &spec)
{
    std::vector<std::string> words;
    for (const Site site : spec.sites)
        words.push_back(name(site) + (spec.shared_kv && (site == Site::K || site == Site::V) ? " (shared KV head)" : ""));
    return joined(words);
}

std::string head_words(const std::vector<Head> &heads)
{
    std::vector<std::string> words;
    for (const Head head : heads)
        words.push_back(label(head));
    return joined(words);
}

// "q of L8H1, L9H4 and resid_post of layer 11": places of one site together.
std::string node_words(const std::vector<Node> &nodes)
{
    std::string text;
    for (size_t i = 0; i < nodes.size();) {
        size_t end = i;
        std::vector<std::string> places;
        for (; end < nodes.size() && nodes[end].site == nodes[i].site; ++end)
            places.push_back(nodes[end].head < 0 ? std::to_string(nodes[end].layer) : label({nodes[end].layer, nodes[end].head}));
        const bool layers = nodes[i].head < 0;
        text += (i == 0 ? "" : " and ") + name(nodes[i].site) + " of " + (!layers ? "" : places.size() == 1 ? "layer " : "layers ")
                + joined(places);
        i = end;
    }
    return text;
}

std::string end_words(const Ends &ends)
{
    if (!ends.sweep)
        return ends.nodes.empty() ? "nothing" : node_words(ends.nodes);
    return name(*ends.sweep) + (per_head(*ends.sweep) ? " of each head" : " of each layer");
}

std::string position_words(const Positions &positions)
{
    switch (positions.kind) {
    case Positions::Kind::All:
        return "at all positions";
    case Positions::Kind::Each:
        return "at one position at a time";
    case Positions::Kind::End:
        return "at END";
    case Positions::Kind::Io:
        return "at IO";
    case Positions::Kind::S1:
        return "at S1";
    case Positions::Kind::S2:
        return "at S2";
    case Positions::Kind::List:
        break;
    }
    return (positions.list.size() == 1 ? "at position " : "at positions ") + to_string(positions);
}

std::string capitalised(Ablation ablation)
{
    return ablation == Ablation::Mean ? "Mean" : ablation == Ablation::Resample ? "Resample" : "Zero";
}

std::string replacement(const RunSpec &spec)
{
    switch (spec.ablation) {
    case Ablation::Zero:
        return "zero";
    case Ablation::Mean:
        return "its mean over the clean prompts";
    case Ablation::Resample:
        return "its value in the flipped run";
    case Ablation::None:
        break;
    }
    return spec.direction == Direction::Denoise ? "its value in the clean run" : "its value in the flipped run";
}

bool from_clean(const RunSpec &spec)
{
    if (spec.method == Method::Ablate || (spec.method == Method::ActPatch && spec.ablation != Ablation::None))
        return true;
    return spec.direction == Direction::Noise;
}

std::string value_sentence(const RunSpec &spec, bool shares)
{
    if (!shares)
        return std::string("The value is the change of the mean logit difference from the ") + (from_clean(spec) ? "clean" : "flipped") + " run, in logits.";
    return from_clean(spec) ? "The value is the change of the mean logit difference from the clean run as a share of the gap between clean and "
                              "flipped: 0 % no harm, -100 % all of it lost."
                            : "The value is the change of the mean logit difference from the flipped run as a share of the gap between clean and "
                              "flipped: 0 % nothing restored, 100 % all of it.";
}

} // namespace

std::string title(const RunSpec &spec)
{
    std::string at = spec.positions.kind == Positions::Kind::All ? "" : " " + position_words(spec.positions);
    switch (spec.method) {
    case Method::ActPatch:
        if (spec.ablation != Ablation::None)
            return capitalised(spec.ablation) + " ablation of " + site_words(spec) + at;
        return "Activation patching of " + site_words(spec) + at + ", " + in_words(spec.direction);
    case Method::Attribution:
        return "Attribution patching of " + site_words(spec) + at + ", " + in_words(spec.direction) + " (estimate)";
    case Method::PathPatch:
        return std::string(spec.ablation == Ablation::Zero ? "Zero path patching from " : "Path patching from ") + end_words(spec.senders)
               + " to " + end_words(spec.receivers) + at + (spec.direct_includes_mlps ? "" : ", not through MLPs") + ", "
               + in_words(spec.direction);
    case Method::Ablate:
        return capitalised(spec.ablation) + " ablation of " + head_words(spec.heads) + " together" + at;
    case Method::Analysis:
        break;
    }
    return analysis_title(spec);
}

std::string describe(const RunSpec &spec, bool shares)
{
    const std::string run = from_clean(spec) ? "the clean prompts" : "the flipped prompts";
    switch (spec.method) {
    case Method::ActPatch: {
        const bool heads = std::all_of(spec.sites.begin(), spec.sites.end(), [](Site site) { return per_head(site); });
        return "The model runs on " + run + " with " + site_words(spec) + " of one " + (heads ? "head" : "layer or head") + " replaced by "
               + replacement(spec) + ", " + position_words(spec.positions) + ". " + value_sentence(spec, shares);
    }
    case Method::Attribution:
        return "First-order estimate: the gradient of the mean logit difference on " + run + " with respect to " + site_words(spec)
               + ", times its change to the other run, " + position_words(spec.positions) + ". " + value_sentence(spec, shares);
    case Method::PathPatch:
        return "The model runs on " + run + "; " + end_words(spec.senders) + " takes " + replacement(spec)
               + " along the direct path, all other heads held fixed" + (spec.direct_includes_mlps ? " and MLPs recomputed" : " and MLPs too")
               + ", into " + end_words(spec.receivers) + ", " + position_words(spec.positions) + ". " + value_sentence(spec, shares);
    case Method::Ablate:
        return "The model runs on the clean prompts with z of " + head_words(spec.heads) + " replaced together by " + replacement(spec) + ", "
               + position_words(spec.positions) + ". " + value_sentence(spec, shares);
    case Method::Analysis:
        break;
    }
    return analysis_description(spec);
}

} // namespace patchbay
