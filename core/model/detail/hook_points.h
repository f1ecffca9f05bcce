// The hook points of a model: TransformerLens' names, and which axes of an activation are what.
#pragma once

#include "model/config.h"

#include <string>
#include <vector>

namespace patchbay {

/// What the axes of an activation mean. Prompts come first.
enum class HookAxes {
    Stream,  ///< [P, T, width]
    Heads,   ///< [P, T, H, width]
    KvHeads, ///< [P, T, G, width]; [P, T, H, width] when ungrouped
    Pattern  ///< [P, H, T (query), T (key)]
};

struct HookPoint {
    std::string name;
    HookAxes axes;
};

/// In the order in which a run reaches them.
std::vector<HookPoint> hook_points(const ModelConfig &config);
/// "blocks.3." + suffix.
std::string block_hook(int layer, const std::string &suffix);
/// * matches any characters, ? one, [...] one of these.
bool matches_glob(const std::string &glob, const std::string &text);

} // namespace patchbay
