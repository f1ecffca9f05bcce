// The ends of a path: sites of heads and layers.
#pragma once

#include "base/head.h"
#include "nouns/site.h"

#include <optional>
#include <vector>

namespace patchbay {

/// A site of one head, or of a layer.
struct Node {
    Site site = Site::Z;
    int layer = 0;
    int head = -1; ///< -1: the whole layer's
    bool operator==(const Node &) const = default;
};
/// "q:8.1", "resid_post:11", "mlp_out:1".
std::string to_string(const Node &node);
/// "q:8.1,8.2, resid_post:11". Throws Error.
std::vector<Node> parse_nodes(std::string_view text);
/// "q of L8H1, L9H4 and resid_post of layer 11": places of one site together.
std::string in_words(const std::vector<Node> &nodes);

/// One end of path patching: a fixed set that acts together, or every head (layer) of a site, one at a time.
struct Ends {
    std::optional<Site> sweep;
    std::vector<Node> nodes; ///< when not sweeping
    bool operator==(const Ends &) const = default;
};
/// A bare site ("z") sweeps; otherwise a list of nodes. Throws Error.
Ends parse_ends(std::string_view text);
std::string to_string(const Ends &ends);
/// "z of each head", "q of L8H1".
std::string in_words(const Ends &ends);

} // namespace patchbay
