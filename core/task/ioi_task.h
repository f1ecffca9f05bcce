// Indirect-object-identification prompts: drawn, flipped, and written down with tokens and positions, as
// path_patching's IOIDataset.
#pragma once

#include "spec/run_spec.h"
#include "task/flip.h"
#include "task/task_file.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace patchbay {

class Tokenizer;

/// A sentence whose last word is the name to be predicted.
struct IoiPrompt {
    std::string text;
    std::string io, s;                                      ///< names, without a space
    std::string third;                                      ///< empty for types without a third name
    int template_index = 0;                                 ///< in IoiSet::templates
    std::vector<std::pair<std::string, std::string>> nouns; ///< placeholder and word, as drawn; none for given prompts
};

/// How to decide whether IO or S is named first. By substrings, as the reference does, a name that is the beginning of
/// the other (Andre, Andrew) counts where the longer one stands, and such a prompt is flipped by the wrong pattern; by
/// whole words it is right. Substrings are the default, because then every prompt is the reference's; no pair drawn
/// from its names with the usual seeds differs.
enum class NameSearch { Substrings, WholeWords };

struct IoiRequest {
    std::string type = "mixed";
    int prompts = 70;
    int64_t seed = 42;
    bool symmetric = false; ///< each prompt is followed by the same one with IO and S exchanged
    NameSearch search = NameSearch::Substrings;
};

struct IoiSet {
    IoiRequest request;
    bool third_name = false;
    std::vector<std::string> templates; ///< as drawn from; empty for given prompts
    std::vector<IoiPrompt> prompts;
};

/// Draws prompts; the same request draws the same ones as the reference. Throws Error: unknown type, fewer than one
/// prompt, or for symmetric sets an odd number or a type with a third name.
IoiSet generate_ioi(const TaskFile &task, const IoiRequest &request);
/// A set of prompts that are not drawn; the seed is for the names that flips draw.
IoiSet given_ioi(std::vector<IoiPrompt> prompts, int64_t seed);

/// "ABBA" when IO is named first, "BABA" when S is.
std::string name_order(const IoiPrompt &prompt, NameSearch search);

/// Old pattern ("ABB") → its random letters in the order in which names are drawn for them. The reference's order
/// depends on the hash seed of the Python process; ours is alphabetical, and another one can be asked for.
using DrawOrder = std::map<std::string, std::string>;

struct FlippedSet {
    Flip flip;
    int64_t seed = 0; ///< of the flip's own generator
    DrawOrder draw_order;
    bool hash_order_dependent =
        false;                      ///< a pattern has two random letters or more, so the reference's order is arbitrary
    std::vector<IoiPrompt> prompts; ///< with io and s as they are now; the last word stays
};

/// Flips every prompt. Throws Error: not a flip, a type with a third name, a prompt in which fewer than three names
/// stand alone before the last word.
FlippedSet flip_ioi(const TaskFile &task, const IoiSet &set, const std::string &flip, const DrawOrder &order = {});

struct IoiJsonOptions {
    std::string tokenizer;          ///< its name, for the record
    std::vector<std::string> flips; ///< one flipped data set each
    DrawOrder draw_order;
    Bos bos = Bos::No; ///< with the reference's conventions: `punct` and `max_len` do not count it
};

/// The data set as JSON, format "ioi-dataset" (prompts, toks, word_idx, flips …). Throws Error: a name of several
/// tokens (named), a name that is not found among a prompt's tokens, no BOS where one is wanted. `punct` is null
/// for a prompt with no comma and no full stop that is a token of its own.
nlohmann::ordered_json ioi_dataset_json(const TaskFile &task, const IoiSet &set, const Tokenizer &tokenizer,
                                        const IoiJsonOptions &options);

/// The same for a task reference of kind "ioi", with its one flip. Types with a third name have none: the default flip
/// is left out for them, and any other one is an Error.
nlohmann::ordered_json ioi_dataset_json(const TaskRef &task, const Tokenizer &tokenizer,
                                        const std::string &tokenizer_name, bool symmetric = false);

} // namespace patchbay
