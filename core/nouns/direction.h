// Which run is patched, and what takes the place of an activation.
#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// Denoise: base = flipped, source = clean. Noise: base = clean, source = flipped (DESIGN §2).
enum class Direction { Denoise, Noise };

/// What takes the place of an activation: the source run's, or an ablation. Mean: at each position, over the clean
/// prompts that reach it. Resample: the flipped run's.
enum class Ablation { None, Zero, Mean, Resample };

/// As written in specs and on the command line: "denoise", "zero" …
std::string name(Direction direction);
std::string name(Ablation ablation);
/// Throw Error listing the accepted names.
Direction parse_direction(std::string_view text);
Ablation parse_ablation(std::string_view text);

/// "denoising", "noising".
std::string in_words(Direction direction);
/// What an activation becomes, for captions: "zero", "its mean over the clean prompts", "its value in the flipped run".
std::string replacement(Direction direction, Ablation ablation);

} // namespace patchbay
