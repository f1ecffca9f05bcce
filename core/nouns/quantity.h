// What a named array or grid of a result is: the registry that views, captions, tables and selections read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

struct Quantity {
    /// How it is looked at.
    enum class Draw {
        Heads,  ///< [layers, heads] or [layers, heads, prompts]: a heatmap, bars
        Layers, ///< [layers] or [layers, prompts]: bars in the order of the layers
        Matrix, ///< an attention pattern
        Points, ///< a point a prompt: scatter
        Table,  ///< the analysis' table says it
        Hidden  ///< in files only
    };
    /// Of the array or grid. A name that ends in a dot stands for all that begin so; one that ends in * for those with
    /// a role there, whose title takes the place of * in title and words.
    std::string name;
    std::string title = {};   ///< over a heatmap: "Copy score"
    std::string words;        ///< in a sentence: "copy score", "attention END→IO"
    std::string unit;         ///< "%", "logits", ""
    std::string colour_label; ///< at a colour bar or axis; quantities with the same one share a scale
    Draw draw = Draw::Heads;
    bool known() const { return !name.empty(); }
};

/// A grid of a sweep ("denoise.z", "zero.k_grouped", "noise.mlp_out.by_pos", "path", "attribution.q") or an array of an
/// analysis, as that analysis declares it. Not known(): the name alone.
Quantity quantity_named(std::string_view name);

} // namespace patchbay
