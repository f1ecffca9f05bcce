// The trained model as a Hugging Face folder.
#pragma once

#include "network.h"
#include "vocabulary.h"

namespace patchbay::trainer {

/// Writes config.json, model.safetensors, tokenizer.json and tokenizer_config.json. Throws Error naming the file.
void export_folder(const std::filesystem::path &folder, const Network &network, const Vocabulary &vocabulary);
/// Reads model.safetensors of such a folder back into a network of the same geometry. Throws Error naming the file.
void import_weights(const std::filesystem::path &folder, Network &network);

} // namespace patchbay::trainer
