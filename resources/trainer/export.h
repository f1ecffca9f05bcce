// The trained model as a Hugging Face folder.
#pragma once

#include "network.h"
#include "vocabulary.h"

#include "io/array_files.h"

namespace patchbay::trainer {

/// Writes config.json, model.safetensors, tokenizer.json and tokenizer_config.json. Throws Error naming the file.
void export_folder(const std::filesystem::path &folder, const Network &network, const Vocabulary &vocabulary);
/// All parameters as they are now.
ArrayMap weights_now(const Network &network);
/// Writes the weights after so many steps into folders step0, step100 … of a folder, each as differences to the next
/// one's (weight_differences.h), the last to those of `model`, a folder that export_folder has written; what else a
/// model's folder has are links to that. Throws Error naming the file.
void export_checkpoints(const std::filesystem::path &folder, const std::filesystem::path &model,
                        const std::map<int64_t, ArrayMap> &checkpoints, double precision);
/// Reads model.safetensors of such a folder back into a network of the same geometry. Throws Error naming the file.
void import_weights(const std::filesystem::path &folder, Network &network);

} // namespace patchbay::trainer
