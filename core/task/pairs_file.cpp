// Prompt pairs in files: JSON lines, and CSV as spreadsheets write it.
#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "task/task_source.h"

#include <algorithm>
#include <array>

namespace patchbay {

namespace {

constexpr std::array<const char *, 4> columns{"clean", "flipped", "answer", "wrong"};

std::string &column_of(PromptPair &pair, size_t column)
{
    return column == 0 ? pair.clean : column == 1 ? pair.flipped : column == 2 ? pair.answer : pair.wrong;
}

const std::string &column_of(const PromptPair &pair, size_t column)
{
    return column_of(const_cast<PromptPair &>(pair), column);
}

PromptPair read_pair(const JsonField &object)
{
    PromptPair pair;
    for (size_t column = 0; column < columns.size(); ++column)
        column_of(pair, column) = object.at(columns[column]).text();
    return pair;
}

bool is_csv(const std::filesystem::path &path)
{
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return std::tolower(c); });
    return extension == ".csv";
}

std::string line_of(int line)
{
    return "line " + std::to_string(line);
}

std::vector<PromptPair> read_jsonl(const std::string &text, const std::string &file)
{
    std::vector<PromptPair> pairs;
    int line = 0;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view content(text.data() + begin, end - begin);
        begin = end + 1;
        ++line;
        if (content.find_first_not_of(" \t\r") == std::string_view::npos)
            continue;
        try {
            const nlohmann::json json = parse_json(content, line_of(line));
            pairs.push_back(read_pair(JsonField(json, line_of(line))));
        } catch (const Error &error) { // "line 7: answer: missing": the file comes first
            throw Error(file, error.what());
        }
    }
    return pairs;
}

/// One record of a CSV file: fields may be in quotes, with "" for a quote, and then hold commas and line ends.
struct CsvRecord {
    int line = 0;
    std::vector<std::string> fields;
};

std::vector<CsvRecord> read_csv(const std::string &text, const std::string &file)
{
    std::vector<CsvRecord> records;
    int line = 1;
    for (size_t at = 0; at < text.size();) {
        CsvRecord record{line, {""}};
        for (bool ended = false; !ended;) {
            std::string &field = record.fields.back();
            if (at < text.size() && text[at] == '"') {
                const int opened = line;
                for (++at;; ++at) {
                    if (at >= text.size())
                        throw Error(file, line_of(opened) + ": a quote is opened and not closed");
                    line += text[at] == '\n';
                    if (text[at] != '"')
                        field.push_back(text[at]);
                    else if (at + 1 < text.size() && text[at + 1] == '"')
                        field.push_back(text[at++]);
                    else
                        break;
                }
                ++at;
                if (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r')
                    throw Error(file, line_of(line) + ": text follows a closing quote");
            }
            while (at < text.size() && text[at] != ',' && text[at] != '\n')
                field.push_back(text[at++]);
            ended = at >= text.size() || text[at] == '\n';
            if (ended && field.ends_with('\r'))
                field.pop_back();
            if (!ended)
                record.fields.emplace_back();
            ++at; // the comma, or the line's end
        }
        ++line;
        if (record.fields.size() > 1 || !record.fields[0].empty())
            records.push_back(std::move(record));
    }
    return records;
}

std::vector<PromptPair> pairs_from_csv(const std::string &text, const std::string &file)
{
    const std::vector<CsvRecord> records = read_csv(text, file);
    if (records.empty())
        return {};
    const std::vector<std::string> &header = records[0].fields;
    std::array<size_t, columns.size()> place{};
    for (size_t column = 0; column < columns.size(); ++column) {
        const auto found = std::find(header.begin(), header.end(), columns[column]);
        if (found == header.end())
            throw Error(file,
                        line_of(records[0].line) + ": the header has no column \"" + columns[column]
                            + "\"; it needs clean, flipped, answer, wrong");
        place[column] = static_cast<size_t>(found - header.begin());
    }
    std::vector<PromptPair> pairs;
    for (size_t i = 1; i < records.size(); ++i) {
        if (records[i].fields.size() != header.size())
            throw Error(file,
                        line_of(records[i].line) + ": has " + std::to_string(records[i].fields.size()) + " fields, the header "
                            + std::to_string(header.size()));
        PromptPair &pair = pairs.emplace_back();
        for (size_t column = 0; column < columns.size(); ++column)
            column_of(pair, column) = records[i].fields[place[column]];
    }
    return pairs;
}

std::string csv_field(const std::string &text)
{
    std::string result = "\"";
    for (const char character : text)
        result += character == '"' ? "\"\"" : std::string(1, character);
    return result + "\"";
}

} // namespace

std::vector<PromptPair> read_pairs_file(const std::filesystem::path &path)
{
    const std::string file = path.string();
    std::string text = read_file(path);
    if (text.starts_with("\xEF\xBB\xBF")) // a byte order mark, as spreadsheets like to write
        text.erase(0, 3);
    std::vector<PromptPair> pairs = is_csv(path) ? pairs_from_csv(text, file) : read_jsonl(text, file);
    if (pairs.empty())
        throw Error(file, "holds no prompt pairs");
    return pairs;
}

void write_pairs_file(const std::filesystem::path &path, const std::vector<PromptPair> &pairs)
{
    const bool csv = is_csv(path);
    std::string text = csv ? "clean,flipped,answer,wrong\n" : "";
    for (const PromptPair &pair : pairs) {
        if (pair.excluded)
            continue;
        nlohmann::ordered_json json;
        for (size_t column = 0; column < columns.size(); ++column) {
            json[columns[column]] = column_of(pair, column);
            if (csv)
                text += (column ? "," : "") + csv_field(column_of(pair, column));
        }
        text += csv ? "\n" : json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    write_file(path, text);
}

nlohmann::json pairs_to_json(const std::vector<PromptPair> &pairs)
{
    nlohmann::json list = nlohmann::json::array();
    for (const PromptPair &pair : pairs) {
        nlohmann::json json;
        for (size_t column = 0; column < columns.size(); ++column)
            json[columns[column]] = column_of(pair, column);
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
