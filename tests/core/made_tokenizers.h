// The tokenizers of tests/data/tokenizers, which the script there makes.
#pragma once

#include "io/array_files.h"
#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace patchbay::testing {

/// A file there: of a tokenizer {"tokenizer", …}, "texts", "components".
inline nlohmann::json made(const std::string &name)
{
    return nlohmann::json::parse(read_file(PATCHBAY_SOURCE_DIR "/tests/data/tokenizers/" + name + ".json"));
}

inline std::unique_ptr<Tokenizer> made_tokenizer(const std::string &name)
{
    return Tokenizer::from_json(made(name)["tokenizer"].dump(), name);
}

} // namespace patchbay::testing
