// Words of one kind, as task files give them (docs/handbook/tasks.md): a table whose first column stands in prompts.
#pragma once

#include "base/json_field.h"

#include <string>
#include <string_view>
#include <vector>

namespace patchbay {

class Tokenizer;

/// One row of a list; what a slot of a prompt holds.
using Word = std::vector<std::string>;

struct WordList {
    std::string name;
    std::vector<std::string> columns; ///< the first is what stands in a prompt
    std::vector<Word> rows;           ///< as many texts each
    bool of_tokenizer = false;        ///< its rows are the tokenizer's own words: there are none before one is known

    /// What a row has in a column: one of its own; "word", its first; "initial", the first letter of that, in capitals.
    /// Throws Error naming list and columns.
    std::string value(const Word &row, std::string_view column) const;
    /// Whether it has such a column.
    bool has(std::string_view column) const;
};

/// Reads one of
///   ["war", "plan"]                                                words
///   {"columns": ["name", "pronoun"], "rows": [["Mary", "she"]]}    a table
///   {"forms": "number", "of": ["one", "many"], "rows": [["key", "keys"]]}
///       each row a word in several forms: rows with the columns word, number (its form) and base (the first form)
///   {"numbers": [2, 98], "digits": 2}                              numbers, with zeros in front
///   {"vocabulary": "words"}                                        tokens of a space and at least three small letters
/// Throws Error naming the field.
WordList read_word_list(const std::string &name, const JsonField &field);

/// The words of a tokenizer: texts of small letters that are one token after a space, by id.
std::vector<Word> words_of(const Tokenizer &tokenizer);

} // namespace patchbay
