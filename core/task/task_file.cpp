#include "task/task_file.h"

#include "base/amounts.h"
#include "base/error.h"
#include "base/json_field.h"
#include "io/array_files.h"
#include "task/flip.h"
#include "text/tokenizer.h"

#include <algorithm>
#include <limits>
#include <set>

namespace patchbay {

namespace {

std::string text_or(const JsonField &object, const char *key, const std::string &fallback)
{
    const auto field = object.find(key);
    return field ? field->text() : fallback;
}

/// An array of different, non-empty texts, at least so many of them.
std::vector<std::string> distinct_words(const JsonField &field, size_t least)
{
    std::vector<std::string> result = field.texts();
    std::set<std::string> seen;
    for (size_t i = 0; i < result.size(); ++i) {
        if (result[i].empty())
            field.items()[i].fail("is empty");
        if (!seen.insert(result[i]).second)
            field.items()[i].fail(in_quotes(result[i]) + " is there twice");
    }
    if (result.size() < least)
        field.fail("should have at least " + counted(int64_t(least), "entry", "entries"));
    return result;
}

void read_names(TaskFile &task, const JsonField &root)
{
    if (const auto placeholders = root.find("placeholders")) {
        task.io = text_or(*placeholders, "io", task.io);
        task.subject = text_or(*placeholders, "subject", task.subject);
        task.third = text_or(*placeholders, "third", task.third);
        if (task.io.empty() || task.subject.empty() || task.third.empty() || task.io == task.subject
            || task.io == task.third || task.subject == task.third)
            placeholders->fail("io, subject and third should be three different texts");
    }
    const JsonField names = root.at("names");
    task.names = distinct_words(names, 3); // IO, S and a third one are drawn until they differ
    for (const JsonField &name : names.items())
        if (name.text().find_first_of(" \t\r\n") != std::string::npos)
            name.fail(in_quotes(name.text()) + " has white space in it: flips could not find it");
    for (const JsonField &noun : root.at("nouns").items()) {
        NounList list{noun.at("placeholder").text(), distinct_words(noun.at("values"), 1)};
        if (list.placeholder.empty())
            noun.at("placeholder").fail("is empty");
        task.nouns.push_back(std::move(list));
    }
}

void read_types(TaskFile &task, const JsonField &root)
{
    const JsonField sets = root.at("template_sets");
    for (const auto &[name, set] : sets.members())
        task.template_sets[name] = distinct_words(set, 1);
    for (const JsonField &entry : root.at("prompt_types").items()) {
        PromptType type;
        type.name = entry.at("name").text();
        type.template_sets = distinct_words(entry.at("template_sets"), 1);
        type.take = static_cast<int>(entry.at("take").integer(1, 1'000'000));
        type.shuffle = entry.at("shuffle").flag();
        type.third_name = entry.at("third_name").flag();
        for (const std::string &set : type.template_sets) {
            if (!task.template_sets.count(set))
                entry.at("template_sets").fail(in_quotes(set) + " is not among template_sets");
            const JsonField sentences = sets.at(set);
            for (const JsonField &sentence : sentences.items()) {
                const std::string text = sentence.text();
                if (!text.ends_with(" " + task.io))
                    sentence.fail("should end with a space and " + task.io + ", the name to be predicted");
                if (text.find(task.io) == text.size() - task.io.size() || text.find(task.subject) == std::string::npos)
                    sentence.fail("should name " + task.io + " and " + task.subject + " before its last word");
                if (type.third_name != (text.find(task.third) != std::string::npos))
                    sentence.fail(type.third_name ? "has no " + task.third + ", but the prompt type "
                                          + in_quotes(type.name) + " has a third name"
                                                  : "has a " + task.third + ", but the prompt type "
                                          + in_quotes(type.name) + " has no third name");
            }
        }
        task.prompt_types.push_back(std::move(type));
    }
    if (task.prompt_types.empty())
        root.at("prompt_types").fail("should have at least one entry");
}

void read_choices(TaskFile &task, const JsonField &root)
{
    const auto check_flip = [](const JsonField &field) {
        try {
            parse_flip(field.text());
        } catch (const Error &error) {
            field.fail(error.what());
        }
    };
    if (const auto flips = root.find("flips")) {
        for (const JsonField &flip : flips->items())
            check_flip(flip);
        task.flips = flips->texts();
    }
    task.default_type = task.prompt_types.front().name;
    task.default_flip = task.flips.empty() ? "" : task.flips.front();
    if (const auto defaults = root.find("defaults")) {
        if (const auto type = defaults->find("prompt_type")) {
            task.default_type = type->text();
            if (std::none_of(task.prompt_types.begin(), task.prompt_types.end(),
                             [&](const PromptType &t) { return t.name == task.default_type; }))
                type->fail(in_quotes(task.default_type) + " is not among prompt_types");
        }
        if (const auto flip = defaults->find("flip")) {
            check_flip(*flip);
            task.default_flip = flip->text();
        }
        if (const auto prompts = defaults->find("prompts"))
            task.default_prompts = static_cast<int>(prompts->integer(1, 1'000'000));
        if (const auto seed = defaults->find("seed"))
            task.default_seed = seed->integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
    }
}

} // namespace

TaskFile task_from_json(std::string_view text, const std::string &file)
{
    const nlohmann::json json = parse_json(text, file);
    const JsonField root(json, file);
    const JsonField format = root.at("format");
    if (format.text() != "name-task")
        format.fail(in_quotes(format.text()) + " is not a task file's; it should be \"name-task\"");
    const JsonField version = root.at("version");
    if (version.value() != 1)
        version.fail(version.value().dump() + " is not supported (only 1)");
    TaskFile task;
    task.file = file;
    task.name = root.at("name").text();
    task.title = text_or(root, "title", task.name);
    task.description = text_or(root, "description", "");
    task.source = text_or(root, "source", "");
    read_names(task, root);
    read_types(task, root);
    read_choices(task, root);
    return task;
}

TaskFile read_task_file(const std::filesystem::path &path)
{
    return task_from_json(read_file(path), path.string());
}

TaskFile with_whole_names(TaskFile task, const Tokenizer &tokenizer, std::string &note)
{
    const size_t all = task.names.size();
    std::string split;
    size_t count = 0;
    std::erase_if(task.names, [&](const std::string &name) {
        if (tokenizer.continuation(" " + name).size() == 1)
            return false;
        split += (split.empty() ? "" : ", ") + name;
        ++count;
        return true;
    });
    note.clear();
    if (count == 0)
        return task;
    if (task.names.size() < 3)
        throw Error(task.file,
                    "only " + std::to_string(task.names.size()) + " of its " + std::to_string(all)
                        + (task.names.size() == 1 ? " names is" : " names are")
                        + " one token for this tokenizer, and three are needed; several tokens: " + split);
    note = std::to_string(count) + " of " + std::to_string(all)
        + (count == 1 ? " names is left out, as it is" : " names are left out, as they are")
        + " several tokens for this tokenizer: " + split;
    return task;
}

const PromptType &TaskFile::type(const std::string &wanted) const
{
    std::string known;
    for (const PromptType &type : prompt_types) {
        if (type.name == wanted)
            return type;
        known += (known.empty() ? "" : ", ") + type.name;
    }
    throw Error(file, "has no prompt type " + in_quotes(wanted) + "; it has " + known);
}

std::vector<std::string> TaskFile::templates(const PromptType &type) const
{
    std::vector<std::string> result;
    for (const std::string &set : type.template_sets) {
        const std::vector<std::string> &sentences = template_sets.at(set);
        const size_t count = std::min(sentences.size(), static_cast<size_t>(type.take));
        result.insert(result.end(), sentences.begin(), sentences.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return result;
}

} // namespace patchbay
