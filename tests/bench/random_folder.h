// A model folder with random weights, for benchmarks of what opens folders: the window.
#pragma once

#include "model/config.h"

#include <filesystem>

namespace patchbay {

/// A GPT-NeoX checkpoint of this geometry in float32, and the demo model's tokenizer, whose tokens are the first of the
/// vocabulary. Weights are normal with about the spread of Pythia's. Throws Error.
void write_random_neox(const std::filesystem::path &folder, const ModelConfig &config, uint64_t seed);

} // namespace patchbay
