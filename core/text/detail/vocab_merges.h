// The older form of a byte-level tokenizer: vocab.json and merges.txt instead of tokenizer.json.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace patchbay::text {

/// The folder's vocab.json and merges.txt as the tokenizer.json that GPT-2's tokenizer, or Qwen2's, would be saved as;
/// special tokens from the files beside them. Throws Error naming the file, also where the folder's tokenizer cuts text
/// by another pattern, which stands in no file. warnings gets what is done without.
nlohmann::json read_vocab_and_merges(const std::filesystem::path &folder, std::vector<std::string> &warnings);

/// What a special token is written as in tokenizer_config.json and special_tokens_map.json: a text, an object with
/// "content", or a list with one of them. Nothing for everything else.
std::optional<std::string> special_token_content(const nlohmann::json &token);

} // namespace patchbay::text
