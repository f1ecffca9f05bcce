// How a spec names its prompt pairs.
#pragma once

#include "nouns/bos.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace patchbay {

struct TaskRef {
    std::string kind =
        "ioi"; ///< "ioi" (generated), "pairs" (a JSONL or CSV file), "batch" (token ids in a safetensors file), "none"
               ///< (for analyses of texts, which read no prompts: one prompt of one token takes their place)
    int prompts = 70;
    int64_t seed = 42;
    std::string type = "mixed";
    std::string flip = "ABB->ABA, BAB->BAA";
    std::string file;              ///< ioi: another task file; pairs, batch: the file. Empty: built in
    std::string encoding;          ///< pairs: of the file's text, such as "latin1"; empty: UTF-8
    std::optional<int64_t> pad_id; ///< batch: the token that prompts are padded with on the left
    std::vector<int> excluded;     ///< indices of prompts left out by the user, from 0
    nlohmann::json
        pairs; ///< pairs edited in the program, kept whole: [{clean, flipped, answer, wrong, roles}]; null otherwise
    std::string sha256;  ///< of the batch that was loaded (hash in task/prompts.h): which prompts a result is of,
                         ///< whatever its file says by now; empty: not loaded yet, or not checked
    Bos bos = Bos::Auto; ///< of texts; a batch holds what it holds. With a hash: what it came to, yes or no
    bool operator==(const TaskRef &) const = default;
};

/// The kind "none".
inline TaskRef no_task()
{
    TaskRef task;
    task.kind = "none";
    return task;
}

} // namespace patchbay
