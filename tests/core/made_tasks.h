// A tokenizer with the words of the task "greater-than", in which two digits are one token.
#pragma once

#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace patchbay::testing {

/// Words and pairs of digits, each with the space before it. pairs: of digits that stand without a space, how many are
/// one token (from 00 on); the others are unknown.
inline std::unique_ptr<Tokenizer> year_tokenizer(const std::vector<std::string> &nouns, int pairs = 100)
{
    nlohmann::ordered_json vocab{{"[UNK]", 0}};
    const auto add = [&](const std::string &text) { vocab[text] = vocab.size(); };
    for (const char *word : {"The", " lasted", " from", " the", " year", " to"})
        add(word);
    for (const std::string &noun : nouns)
        add(" " + noun);
    for (int number = 0; number < 100; ++number) {
        const std::string text = std::to_string(number + 100).substr(1);
        if (number < pairs)
            add(text);
        add(" " + text);
    }
    const nlohmann::ordered_json json{{"version", "1.0"},
                                      {"added_tokens", nlohmann::json::array()},
                                      {"normalizer", nullptr},
                                      {"pre_tokenizer",
                                       {{"type", "Split"},
                                        {"pattern", {{"Regex", " ?[0-9][0-9]| ?[A-Za-z]+"}}},
                                        {"behavior", "Isolated"},
                                        {"invert", false}}},
                                      {"post_processor", nullptr},
                                      {"decoder", nullptr},
                                      {"model", {{"type", "WordLevel"}, {"vocab", vocab}, {"unk_token", "[UNK]"}}}};
    return Tokenizer::from_json(json.dump(), "years");
}

} // namespace patchbay::testing
