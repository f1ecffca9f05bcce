// Rules of task files about words: "number != SUBJECT.number", "word > YY", "word <= 99 - A".
#pragma once

#include "task/word_list.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

/// What the slots of a prompt hold so far, by name.
struct Filled {
    const WordList *list = nullptr;
    Word row;
    std::string value(std::string_view column = "word") const { return list->value(row, column); }
};
using Filling = std::map<std::string, Filled, std::less<>>;

/// Whether a text can name a slot: capital letters, digits and "_", a letter first.
bool is_slot_name(std::string_view text);

/// A word that a prompt's slots give: SLOT, SLOT.column, a number, 'text', or several of them as a sum.
class WordValue {
public:
    /// Throws Error with the text as subject.
    explicit WordValue(std::string_view text);
    /// The slots that it reads, and their columns.
    const std::set<std::pair<std::string, std::string>> &reads() const { return m_reads; }
    /// Throws Error where a sum is of something else than whole numbers, or a slot's list has no such column.
    std::string of(const Filling &filling) const;

private:
    struct Term {
        int sign = 1;
        std::string slot, column, text; ///< a slot's column, or where there is no slot the text itself
    };
    std::string of(const Term &term, const Filling &filling) const;
    std::string m_text;
    std::vector<Term> m_terms;
    std::set<std::pair<std::string, std::string>> m_reads;
};

/// "COLUMN OP VALUE" about a row of a list: = and != compare texts, < <= > >= numbers.
class WordRule {
public:
    /// Throws Error with the text as subject.
    explicit WordRule(std::string_view text);
    const std::string &column() const { return m_column; }
    const WordValue &value() const { return m_value; }
    /// Throws Error where something that should be a number is none.
    bool holds(const WordList &list, const Word &row, const Filling &filling) const;

private:
    struct Parts {
        std::string_view column, op, value;
    };
    static Parts split(std::string_view text);
    explicit WordRule(const Parts &parts) : m_column(parts.column), m_op(parts.op), m_value(parts.value) { }
    std::string m_column, m_op;
    WordValue m_value;
};

/// The rows of a list for which all the rules hold.
std::vector<Word> matching(const WordList &list, const std::vector<WordRule> &rules, const Filling &filling);

} // namespace patchbay
