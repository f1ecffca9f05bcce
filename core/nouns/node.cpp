#include "nouns/node.h"

#include "base/pieces.h"

#include <algorithm>

namespace patchbay {

namespace {

Node node_of(Site site, std::string_view place, std::string_view whole)
{
    if (per_head(site)) {
        if (small_number(place))
            throw Error(std::string(whole),
                        name(site) + " belongs to a head; write " + name(site) + ":" + std::string(place) + ".0");
        const Head head = parse_head(place);
        return {site, head.layer, head.head};
    }
    const std::optional<int> layer = small_number(place);
    if (!layer)
        throw Error(std::string(whole), name(site) + " belongs to a whole layer; write " + name(site) + ":11");
    return {site, *layer, -1};
}

} // namespace

std::string to_string(const Node &node)
{
    return name(node.site) + ":" + (node.head < 0 ? std::to_string(node.layer) : dotted({node.layer, node.head}));
}

std::vector<Node> parse_nodes(std::string_view text)
{
    std::vector<Node> nodes;
    std::optional<Site> site; // "q:8.1,8.2": a piece without a site continues the one before
    for (const std::string_view piece : pieces_of(text)) {
        const size_t colon = piece.find(':');
        if (colon != std::string_view::npos)
            site = parse_site(piece.substr(0, colon));
        const std::string_view place = trimmed(colon == std::string_view::npos ? piece : piece.substr(colon + 1));
        if (!site || place.empty())
            throw Error(std::string(text), "is not a list of nodes; write q:8.1,q:8.2 or resid_post:11");
        const Node node = node_of(*site, place, text);
        if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
            nodes.push_back(node);
    }
    return nodes;
}

std::string in_words(const std::vector<Node> &nodes)
{
    std::string text;
    for (size_t i = 0; i < nodes.size();) {
        size_t end = i;
        std::string places;
        for (; end < nodes.size() && nodes[end].site == nodes[i].site; ++end)
            places += (end == i ? "" : ", ")
                + (nodes[end].head < 0 ? std::to_string(nodes[end].layer) : label({nodes[end].layer, nodes[end].head}));
        const bool layers = nodes[i].head < 0;
        text += (i == 0 ? "" : " and ") + name(nodes[i].site) + " of "
            + (!layers            ? ""
                   : end - i == 1 ? "layer "
                                  : "layers ")
            + places;
        i = end;
    }
    return text;
}

Ends parse_ends(std::string_view text)
{
    if (text.find(':') != std::string_view::npos)
        return {std::nullopt, parse_nodes(text)};
    try {
        return {parse_site(text), {}};
    } catch (const Error &) {
        throw Error(std::string(text),
                    "is neither a site to sweep (z, q, mlp_out …) nor a list of nodes such as q:8.1,q:8.2 or "
                    "resid_post:11");
    }
}

std::string to_string(const Ends &ends)
{
    if (ends.sweep)
        return name(*ends.sweep);
    std::string text;
    for (const Node &node : ends.nodes)
        text += (text.empty() ? "" : ",") + to_string(node);
    return text;
}

std::string in_words(const Ends &ends)
{
    if (!ends.sweep)
        return ends.nodes.empty() ? "nothing" : in_words(ends.nodes);
    return name(*ends.sweep) + (per_head(*ends.sweep) ? " of each head" : " of each layer");
}

} // namespace patchbay
