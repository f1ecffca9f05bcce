// Numbers of heads and layers that another program computed, from whatever file it keeps arrays in.
#pragma once

#include "base/array.h"

#include <filesystem>
#include <string>
#include <vector>

namespace patchbay {

/// All arrays of a .pt or .pth (torch.save), .safetensors, .npz or .json file, by name. Throws Error.
ArrayMap read_any_arrays(const std::filesystem::path &path);

/// What of such a file is of a model's heads or layers.
struct ForeignNumbers {
    ArrayMap heads;                    ///< float [layers, heads] or [layers, heads, prompts]
    ArrayMap layers;                   ///< float [layers] or [layers, prompts]
    std::vector<std::string> left_out; ///< what has another shape, with it: "logits [4, 1000]"
};
/// A stack of such grids, [n, layers, heads], becomes n of them, "NAME.0" …; five are the output, query, key, value and
/// pattern, in the order in which TransformerLens' patching functions give them: "NAME.z" …
ForeignNumbers numbers_of_model(const ArrayMap &arrays, int layers, int heads, int prompts);

} // namespace patchbay
