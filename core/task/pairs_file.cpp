// Prompt pairs in files: JSON lines, JSON lists, and tables as spreadsheets and other programs write them.
#include "base/error.h"
#include "base/json_field.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "io/text_encoding.h"
#include "task/csv_table.h"
#include "task/mib_pair.h"
#include "task/task_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>

namespace patchbay {

namespace {

/// What a file says of a pair: texts, or for the answers the tokens' ids instead.
enum Column : size_t { Clean, Flipped, Answer, Wrong, AnswerId, WrongId, ColumnCount };

constexpr std::array<const char *, 4> text_names{"clean", "flipped", "answer", "wrong"};

/// Names by which other programs call the same: EAP-IG (corrupted, correct_idx …), auto-circuit (corrupt, answers …),
/// feature circuits (clean_prefix, patch_answer …). Case, spaces at the ends, "-" and " " for "_" do not matter.
std::optional<Column> column_named(const std::string &header)
{
    static const std::map<std::string, Column> names{
        {"clean", Clean},
        {"clean_prompt", Clean},
        {"clean_prefix", Clean},
        {"clean_text", Clean},
        {"flipped", Flipped},
        {"flipped_prompt", Flipped},
        {"corrupted", Flipped},
        {"corrupt", Flipped},
        {"corrupted_prompt", Flipped},
        {"corrupt_prompt", Flipped},
        {"corrupted_text", Flipped},
        {"counterfactual", Flipped},
        {"patch_prefix", Flipped},
        {"answer", Answer},
        {"answers", Answer},
        {"correct", Answer},
        {"correct_answer", Answer},
        {"clean_answer", Answer},
        {"wrong", Wrong},
        {"wrong_answer", Wrong},
        {"wrong_answers", Wrong},
        {"incorrect", Wrong},
        {"incorrect_answer", Wrong},
        {"patch_answer", Wrong},
        {"answer_id", AnswerId},
        {"correct_id", AnswerId},
        {"correct_idx", AnswerId},
        {"wrong_id", WrongId},
        {"incorrect_id", WrongId},
        {"incorrect_idx", WrongId},
    };
    std::string name = lower_case(trimmed(header));
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::string &text_of(PromptPair &pair, size_t column)
{
    return column == Clean  ? pair.clean
        : column == Flipped ? pair.flipped
        : column == Answer  ? pair.answer
                            : pair.wrong;
}

const std::string &text_of(const PromptPair &pair, size_t column)
{
    return text_of(const_cast<PromptPair &>(pair), column);
}

int64_t &id_of(PromptPair &pair, size_t column)
{
    return column == AnswerId ? pair.answer_id : pair.wrong_id;
}

/// The column of ids that can stand in for a text; none for prompts.
std::optional<Column> ids_instead_of(size_t column)
{
    return column == Answer ? std::optional(AnswerId) : column == Wrong ? std::optional(WrongId) : std::nullopt;
}

std::string line_of(int line)
{
    return "line " + std::to_string(line);
}

/// "311", "[311]" or "[311, 5]"; empty where it is something else.
std::vector<int64_t> ids_from(std::string_view text)
{
    text = trimmed(text);
    if (text.starts_with('[') && text.ends_with(']'))
        text = text.substr(1, text.size() - 2);
    std::vector<int64_t> ids;
    for (size_t at = 0; at <= text.size();) {
        const size_t comma = std::min(text.find(',', at), text.size());
        const std::string_view one = trimmed(text.substr(at, comma - at));
        at = comma + 1;
        int64_t id = -1;
        const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), id);
        if (error != std::errc() || end != one.data() + one.size() || id < 0)
            return {};
        ids.push_back(id);
    }
    return ids;
}

/// The texts of a cell that is a JSON list of them, '["is", "was"]'; any other cell is one text.
std::vector<std::string> texts_from(const std::string &cell)
{
    if (!trimmed(cell).starts_with('['))
        return {cell};
    const nlohmann::json list = nlohmann::json::parse(cell, nullptr, false);
    const bool texts = list.is_array() && !list.empty()
        && std::all_of(list.begin(), list.end(), [](const nlohmann::json &one) { return one.is_string(); });
    return texts ? list.get<std::vector<std::string>>() : std::vector{cell};
}

constexpr int64_t largest_id = int64_t(1) << 40;

// ---- JSON

/// An answer, or a list of several.
std::vector<JsonField> one_or_more(const JsonField &field)
{
    if (!field.value().is_array())
        return {field};
    std::vector<JsonField> items = field.items();
    if (items.empty())
        field.fail("is empty, but a pair has an answer and a wrong answer at least");
    return items;
}

/// "roles": {"IO": 3, "S1": 5}, positions in the clean prompt's tokens, counted from 0.
Roles read_roles(const JsonField &field)
{
    Roles roles;
    for (const auto &[key, position] : field.members()) {
        const std::optional<std::string> role = role_named(key);
        if (!role)
            position.fail("is no name of a role; it should be of letters, digits and \"_\", such as IO");
        if (!roles.emplace(*role, int(position.integer(0, std::numeric_limits<int>::max()))).second)
            position.fail("says again where " + role_title(*role) + " stands");
    }
    return roles;
}

PromptPair read_pair(const JsonField &object)
{
    if (!object.value().is_object())
        object.fail("should be an object");
    std::array<std::optional<JsonField>, ColumnCount> fields;
    for (const auto &[key, value] : object.value().items()) {
        const std::optional<Column> column = column_named(key);
        if (!column || value.is_null())
            continue;
        if (fields[*column])
            object.fail("\"" + key + "\" says again what another field says");
        fields[*column] = object.at(key);
    }
    PromptPair pair;
    for (size_t column = 0; column < text_names.size(); ++column) {
        const std::optional<Column> ids = ids_instead_of(column);
        if (!fields[column] && !(ids && fields[*ids]))
            object.at(text_names[column]); // throws: missing
        if (!ids) {
            text_of(pair, column) = fields[column]->text();
            continue;
        }
        const std::vector<JsonField> answers = one_or_more(*fields[fields[column] ? column : *ids]);
        if (fields[column]) {
            text_of(pair, column) = answers.front().text();
            for (size_t i = 1; i < answers.size(); ++i)
                (column == Answer ? pair.more_answers : pair.more_wrongs).push_back(answers[i].text());
        } else {
            id_of(pair, *ids) = answers.front().integer(0, largest_id);
            for (size_t i = 1; i < answers.size(); ++i)
                (column == Answer ? pair.more_answer_ids : pair.more_wrong_ids)
                    .push_back(answers[i].integer(0, largest_id));
        }
    }
    if (const auto roles = object.find("roles"))
        pair.given_roles = read_roles(*roles);
    return pair;
}

/// The file's name comes before what an object says of itself: "line 7: answer: missing".
PromptPair read_pair_at(const nlohmann::json &object, const std::string &place, const std::string &file,
                        const std::string &counterfactual)
{
    try {
        const JsonField field(object, place);
        if (is_mib_entry(object))
            return mib_pair(field, counterfactual);
        if (!counterfactual.empty())
            field.fail("has no counterfactuals to choose from: it is none of MIB's entries");
        return read_pair(field);
    } catch (const Error &error) {
        throw Error(file, error.what());
    }
}

std::vector<PromptPair> read_jsonl(const std::string &text, const std::string &file, const std::string &counterfactual)
{
    std::vector<PromptPair> pairs;
    int line = 0;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view content(text.data() + begin, end - begin);
        begin = end + 1;
        ++line;
        if (trimmed(content).empty())
            continue;
        nlohmann::json json;
        try {
            json = parse_json(content, line_of(line));
        } catch (const Error &error) {
            throw Error(file, error.what());
        }
        pairs.push_back(read_pair_at(json, line_of(line), file, counterfactual));
    }
    return pairs;
}

/// The list of pairs in a whole file that is one JSON value: itself, or the one under a name such as "prompts"; null:
/// there is none.
const nlohmann::json *list_in(const nlohmann::json &value)
{
    if (value.is_array())
        return &value;
    if (value.is_object())
        for (const char *name : {"pairs", "prompts", "examples", "data"})
            if (const auto found = value.find(name); found != value.end() && found->is_array())
                return &*found;
    return nullptr;
}

std::vector<PromptPair> pairs_from_json_text(const std::string &text, const std::string &file,
                                             const std::string &counterfactual)
{
    const bool array = trimmed(text).starts_with('[');
    const nlohmann::json whole = array ? parse_json(text, file) : nlohmann::json::parse(text, nullptr, false);
    const nlohmann::json *list = whole.is_discarded() ? nullptr : list_in(whole);
    if (!list) {
        // An object over several lines is one pair; on a line of its own, a line like others.
        const bool one_object = whole.is_object() && trimmed(text).find('\n') != std::string_view::npos;
        return one_object ? std::vector{read_pair_at(whole, "the pair", file, counterfactual)}
                          : read_jsonl(text, file, counterfactual);
    }
    std::vector<PromptPair> pairs;
    for (const nlohmann::json &entry : *list)
        pairs.push_back(read_pair_at(entry, "pair " + std::to_string(pairs.size() + 1), file, counterfactual));
    return pairs;
}

// ---- tables

std::vector<PromptPair> pairs_from_csv(const std::string &text, const std::string &file)
{
    const std::vector<CsvRecord> records =
        read_csv_table(text, file, [](const std::string &name) { return column_named(name).has_value(); });
    if (records.empty())
        return {};
    const CsvRecord &header = records[0];
    std::array<std::optional<size_t>, ColumnCount> place{};
    for (size_t i = 0; i < header.fields.size(); ++i) {
        const std::optional<Column> column = column_named(header.fields[i]);
        if (column && place[*column])
            throw Error(file,
                        line_of(header.line) + ": the columns \"" + header.fields[*place[*column]] + "\" and \""
                            + header.fields[i] + "\" say the same");
        if (column)
            place[*column] = i;
    }
    for (size_t column = 0; column < text_names.size(); ++column)
        if (const std::optional<Column> ids = ids_instead_of(column); !place[column] && !(ids && place[*ids]))
            throw Error(
                file,
                line_of(header.line) + ": the header has no column \"" + text_names[column]
                    + "\"; it needs clean, flipped, answer, wrong (or clean, corrupted, correct_idx, incorrect_idx)");
    std::vector<PromptPair> pairs;
    for (size_t i = 1; i < records.size(); ++i) {
        PromptPair &pair = pairs.emplace_back();
        for (size_t column = 0; column < text_names.size(); ++column) {
            if (place[column]) {
                const std::string &cell = records[i].fields[*place[column]];
                const bool answers = column == Answer || column == Wrong;
                const std::vector<std::string> texts = answers ? texts_from(cell) : std::vector{cell};
                text_of(pair, column) = texts.front();
                if (answers)
                    (column == Answer ? pair.more_answers : pair.more_wrongs).assign(texts.begin() + 1, texts.end());
                continue;
            }
            const Column ids = *ids_instead_of(column);
            const std::string &field = records[i].fields[*place[ids]];
            const std::vector<int64_t> all = ids_from(field);
            if (all.empty())
                throw Error(file,
                            line_of(records[i].line) + ": " + header.fields[*place[ids]] + ": " + in_quotes(field)
                                + " is neither a token id nor a list of them, such as [311, 5]");
            id_of(pair, ids) = all.front();
            (ids == AnswerId ? pair.more_answer_ids : pair.more_wrong_ids).assign(all.begin() + 1, all.end());
        }
    }
    return pairs;
}

/// By the name where it says so, otherwise by the first character.
bool holds_table(const std::filesystem::path &path, const std::string &text)
{
    const std::string extension = lower_case(path.extension().string());
    if (extension == ".csv" || extension == ".tsv" || extension == ".tab")
        return true;
    const std::string_view content = trimmed(text);
    return extension != ".jsonl" && extension != ".json" && extension != ".ndjson" && !content.empty()
        && content[0] != '{' && content[0] != '[';
}

} // namespace

std::vector<PromptPair> read_pairs_file(const std::filesystem::path &path, const std::string &encoding,
                                        const std::string &counterfactual)
{
    const std::string file = path.string();
    const std::string text = decode_text(read_file(path), encoding, file);
    const bool table = holds_table(path, text);
    if (table && !counterfactual.empty())
        throw Error(file, "is a table: only MIB's JSON entries have counterfactuals to choose from");
    std::vector<PromptPair> pairs =
        table ? pairs_from_csv(text, file) : pairs_from_json_text(text, file, counterfactual);
    if (pairs.empty())
        throw Error(file, "holds no prompt pairs");
    return pairs;
}

nlohmann::json pairs_to_json(const std::vector<PromptPair> &pairs)
{
    nlohmann::json list = nlohmann::json::array();
    for (const PromptPair &pair : pairs) {
        nlohmann::json json;
        for (size_t column = 0; column < text_names.size(); ++column)
            json[text_names[column]] = text_of(pair, column);
        for (const bool right : {true, false})
            if (const auto &more = right ? pair.more_answers : pair.more_wrongs; !more.empty()) {
                std::vector<std::string> all{right ? pair.answer : pair.wrong};
                all.insert(all.end(), more.begin(), more.end());
                json[right ? "answer" : "wrong"] = all;
            }
        for (const auto &[role, position] : pair.given_roles)
            json["roles"][role_title(role)] = position;
        list.push_back(std::move(json));
    }
    return list;
}

std::vector<PromptPair> pairs_from_json(const nlohmann::json &pairs, const std::string &name)
{
    std::vector<PromptPair> result;
    for (const JsonField &entry : JsonField(pairs, name, "pairs").items())
        result.push_back(read_pair(entry));
    return result;
}

} // namespace patchbay
