#include "task/word_list.h"

#include "base/error.h"
#include "base/plain_text.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <set>

namespace patchbay {

namespace {

constexpr int64_t most_numbers = 100'000;

/// Rows of so many texts, no first one twice.
std::vector<Word> read_rows(const JsonField &field, size_t columns)
{
    std::vector<Word> rows;
    std::set<std::string> seen;
    for (const JsonField &entry : field.items()) {
        Word row = entry.texts();
        if (row.size() != columns)
            entry.fail("has " + std::to_string(row.size()) + " texts, but there are " + std::to_string(columns)
                       + " columns");
        if (row[0].empty())
            entry.fail("its word is empty");
        if (!seen.insert(row[0]).second)
            entry.fail(in_quotes(row[0]) + " is there twice");
        rows.push_back(std::move(row));
    }
    return rows;
}

std::vector<std::string> read_columns(const JsonField &field)
{
    std::vector<std::string> names = field.texts();
    const std::set<std::string> different(names.begin(), names.end());
    if (names.empty() || different.size() != names.size() || different.contains(""))
        field.fail("should name at least one column, each once");
    return names;
}

void read_forms(WordList &list, const JsonField &field)
{
    const std::string kind = field.at("forms").text();
    const std::vector<std::string> forms = read_columns(field.at("of"));
    list.columns = {"word", kind, "base"};
    std::set<std::string> seen;
    const JsonField rows = field.at("rows");
    for (const Word &row : read_rows(rows, forms.size()))
        for (size_t i = 0; i < forms.size(); ++i) {
            if (row[i].empty() || !seen.insert(row[i]).second)
                rows.fail(in_quotes(row[i]) + (row[i].empty() ? " is no word" : " is there twice"));
            list.rows.push_back({row[i], forms[i], row[0]});
        }
}

void read_numbers(WordList &list, const JsonField &field)
{
    const std::vector<JsonField> ends = field.at("numbers").items();
    if (ends.size() != 2)
        field.at("numbers").fail("should be the first and the last number");
    const int64_t low = ends[0].integer(0, 1'000'000'000), high = ends[1].integer(low, low + most_numbers);
    const auto digits = field.find("digits");
    const auto width = size_t(digits ? digits->integer(1, 10) : 1);
    list.columns = {"word"};
    for (int64_t number = low; number <= high; ++number) {
        const std::string text = std::to_string(number);
        list.rows.push_back({std::string(width - std::min(width, text.size()), '0') + text});
    }
}

} // namespace

bool WordList::has(std::string_view column) const
{
    return column == "word" || column == "initial"
        || std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::string WordList::value(const Word &row, std::string_view column) const
{
    const auto found = std::find(columns.begin(), columns.end(), column);
    if (found != columns.end())
        return row.at(size_t(found - columns.begin()));
    if (column == "word")
        return row.at(0);
    if (column == "initial") {
        size_t end = 1; // of the first character, in UTF-8
        while (end < row.at(0).size() && (static_cast<unsigned char>(row[0][end]) & 0xC0) == 0x80)
            ++end;
        return upper_case(row[0].substr(0, end));
    }
    throw Error("list " + in_quotes(name),
                "has no column " + in_quotes(column) + "; it has " + listed(columns) + ", and initial");
}

WordList read_word_list(const std::string &name, const JsonField &field)
{
    WordList list;
    list.name = name;
    if (field.value().is_array()) {
        list.columns = {"word"};
        std::set<std::string> seen;
        for (const JsonField &word : field.items()) {
            if (word.text().empty() || !seen.insert(word.text()).second)
                word.fail(in_quotes(word.text()) + (word.text().empty() ? " is no word" : " is there twice"));
            list.rows.push_back({word.text()});
        }
    } else if (field.find("columns")) {
        list.columns = read_columns(field.at("columns"));
        list.rows = read_rows(field.at("rows"), list.columns.size());
    } else if (field.find("forms")) {
        read_forms(list, field);
    } else if (field.find("numbers")) {
        read_numbers(list, field);
    } else if (const auto vocabulary = field.find("vocabulary")) {
        if (vocabulary->text() != "words")
            vocabulary->fail(in_quotes(vocabulary->text()) + " is unknown; it should be \"words\"");
        list.columns = {"word"};
        list.of_tokenizer = true;
    } else {
        field.fail("should be a list of words, or have \"columns\" and \"rows\", \"forms\", \"numbers\" or "
                   "\"vocabulary\"");
    }
    if (list.rows.empty() && !list.of_tokenizer)
        field.fail("has no words");
    return list;
}

std::vector<Word> words_of(const Tokenizer &tokenizer)
{
    std::vector<Word> words;
    for (int64_t id = 0; id < tokenizer.size(); ++id) {
        if (!tokenizer.contains(id))
            continue;
        const std::string text = tokenizer.bytes(id);
        const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
        if (text.size() > 3 && text[0] == ' ' && std::all_of(text.begin() + 1, text.end(), small)
            && tokenizer.single(text) == id)
            words.push_back({text.substr(1)});
    }
    return words;
}

} // namespace patchbay
