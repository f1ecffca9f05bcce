#include "task/texts_file.h"

#include "base/data_dir.h"
#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "io/text_encoding.h"
#include "task/task_list.h"

namespace patchbay {

namespace {

std::string text_of(const JsonField &entry)
{
    return entry.value().is_object() ? entry.at("text").text() : entry.text();
}

std::string trimmed(std::string line)
{
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
        line.pop_back();
    return line;
}

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        lines.push_back(trimmed(text.substr(at, end - at)));
        at = end + 1;
    }
    while (!lines.empty() && lines.back().empty())
        lines.pop_back();
    return lines;
}

std::vector<std::string> plain_texts(const std::vector<std::string> &lines)
{
    bool paragraphs = false, begun = false;
    for (const std::string &line : lines) {
        paragraphs = paragraphs || (begun && line.empty());
        begun = begun || !line.empty();
    }
    std::vector<std::string> texts;
    bool next = true;
    for (const std::string &line : lines) {
        if (line.empty()) {
            next = true;
        } else if (next || !paragraphs) {
            texts.push_back(line);
            next = false;
        } else {
            texts.back() += " " + line;
        }
    }
    return texts;
}

} // namespace

std::vector<std::string> read_texts(const std::filesystem::path &path)
{
    const std::string file = path.string(), text = decode_text(read_file(path), {}, file);
    std::vector<std::string> texts;
    if (path.extension() == ".json") {
        const nlohmann::json list = parse_json(text, file);
        for (const JsonField &entry : JsonField(list, file).items())
            texts.push_back(text_of(entry));
    } else if (path.extension() == ".jsonl") {
        const std::vector<std::string> lines = lines_of(text);
        for (size_t i = 0; i < lines.size(); ++i) {
            if (lines[i].empty())
                continue;
            const std::string place = file + " line " + std::to_string(i + 1);
            const nlohmann::json line = parse_json(lines[i], place);
            texts.push_back(text_of(JsonField(line, place)));
        }
    } else {
        texts = plain_texts(lines_of(text));
    }
    std::erase_if(texts, [](const std::string &one) { return trimmed(one).empty(); });
    if (texts.empty())
        throw Error(file, "holds no text");
    return texts;
}

std::filesystem::path texts_path(const std::string &file, const std::filesystem::path &model)
{
    if (file.empty())
        return data_path(has_demo_vocabulary(model) ? "texts/demo.txt" : "texts/short.txt");
    const std::filesystem::path path(file);
    std::error_code ignored;
    if (!path.has_parent_path() && !path.has_extension() && !std::filesystem::exists(path, ignored))
        for (const char *shipped : {"short", "demo"})
            if (file == shipped)
                return data_path("texts/" + file + ".txt");
    return path;
}

} // namespace patchbay
