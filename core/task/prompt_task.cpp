// Task files of generated prompts, read and checked as far as can be without a tokenizer.
#include "task/prompt_task.h"

#include "base/error.h"
#include "base/pieces.h"
#include "base/plain_text.h"
#include "io/array_files.h"

#include <algorithm>
#include <limits>
#include <set>

namespace patchbay {

namespace {

/// Reads a text by a constructor that throws, and names the field then.
template <class T>
T parsed(const JsonField &field, const std::string &text)
{
    try {
        return T(text);
    } catch (const Error &error) {
        field.fail(error.what());
    }
}

class TaskReader {
public:
    TaskReader(const JsonField &root, PromptTask &task) : m_root(root), m_task(task) { }

    void read()
    {
        only(m_root,
             {"format", "version", "name", "title", "description", "source", "lists", "slots", "templates", "flip",
              "roles", "answer", "wrong", "answer_space", "conditions", "defaults"});
        m_task.name = m_root.at("name").text();
        m_task.title = text_or(m_root, "title", m_task.name);
        m_task.description = text_or(m_root, "description", "");
        m_task.source = text_or(m_root, "source", "");
        for (const auto &[name, list] : m_root.at("lists").members())
            m_task.lists.emplace(name, read_word_list(name, list));
        read_slots();
        read_templates();
        read_flip(m_root.at("flip"));
        if (const auto roles = m_root.find("roles"))
            read_roles(*roles);
        m_task.answers = answers(m_root.at("answer"), false);
        const auto wrong = m_root.find("wrong");
        if (wrong)
            m_task.wrongs = answers(*wrong, true);
        else
            m_task.wrongs.emplace_back().flipped = true;
        if (const auto space = m_root.find("answer_space"))
            m_task.answer_space = space->flag();
        if (const auto conditions = m_root.find("conditions"))
            read_conditions(*conditions);
        if (const auto defaults = m_root.find("defaults")) {
            only(*defaults, {"prompts", "seed"});
            if (const auto prompts = defaults->find("prompts"))
                m_task.prompts = int(prompts->integer(1, 1'000'000));
            if (const auto seed = defaults->find("seed"))
                m_task.seed = seed->integer(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max());
        }
    }

private:
    static std::string text_or(const JsonField &object, const char *key, const std::string &fallback)
    {
        const auto field = object.find(key);
        return field ? field->text() : fallback;
    }

    /// A misspelt field would otherwise be ignored.
    static void only(const JsonField &object, const std::set<std::string> &known)
    {
        for (const auto &[key, member] : object.members())
            if (!known.contains(key))
                member.fail("is not known here; there are "
                            + listed(std::vector<std::string>(known.begin(), known.end())));
    }

    const WordList &list(const JsonField &field, const std::string &name) const
    {
        const auto found = m_task.lists.find(name);
        if (found == m_task.lists.end())
            field.fail("there is no list " + in_quotes(name));
        return found->second;
    }

    void need_slot(const JsonField &field, const std::string &slot, std::string_view column = "word") const
    {
        const auto found = m_task.slot_sources.find(slot);
        if (found == m_task.slot_sources.end())
            field.fail("there is no slot " + in_quotes(slot));
        const WordList &words = m_task.lists.at(found->second.list);
        if (!words.has(column))
            field.fail("list " + in_quotes(words.name) + " of slot " + slot + " has no column "
                       + in_quotes(std::string(column)));
    }

    void need_slots(const JsonField &field, const WordValue &value) const
    {
        for (const auto &[slot, column] : value.reads())
            need_slot(field, slot, column);
    }
    void need_slots(const JsonField &field, const std::vector<WordRule> &rules) const
    {
        for (const WordRule &rule : rules)
            need_slots(field, rule.value());
    }

    std::vector<WordRule> rules(const JsonField &field, const WordList &of) const
    {
        std::vector<WordRule> all;
        const std::vector<JsonField> entries = field.value().is_array() ? field.items() : std::vector<JsonField>{field};
        for (const JsonField &entry : entries) {
            all.push_back(parsed<WordRule>(entry, entry.text()));
            if (!of.has(all.back().column()))
                entry.fail("list " + in_quotes(of.name) + " has no column " + in_quotes(all.back().column()));
        }
        return all;
    }

    /// {"list", "where"}, or a list's name.
    SlotSource source(const JsonField &field, bool with_column = false) const
    {
        SlotSource out;
        if (field.value().is_string()) {
            out.list = list(field, field.text()).name;
            return out;
        }
        only(field,
             with_column ? std::set<std::string>{"list", "where", "column"} : std::set<std::string>{"list", "where"});
        const JsonField name = field.at("list");
        const WordList &words = list(name, name.text());
        out.list = words.name;
        if (const auto where = field.find("where"))
            out.rules = rules(*where, words);
        return out;
    }

    void read_slots()
    {
        const JsonField slots = m_root.at("slots");
        for (const auto &[names, field] : slots.members())
            for (size_t at = 0; at < names.size();) { // "A B C": several alike
                const size_t end = std::min(names.find(' ', at), names.size());
                const std::string name = names.substr(at, end - at);
                at = end + 1;
                if (!is_slot_name(name))
                    field.fail(in_quotes(name) + " is no name of a slot: capital letters, digits and \"_\"");
                if (!m_task.slot_sources.emplace(name, source(field)).second)
                    field.fail("slot " + name + " is there twice");
            }
        if (m_task.slot_sources.empty())
            slots.fail("has no slots");
        for (const auto &[name, one] : m_task.slot_sources)
            need_slots(slots, one.rules);
        // Each after those that it reads; among the others by name, so that the file's order does not matter.
        std::set<std::string> done;
        while (done.size() < m_task.slot_sources.size()) {
            const auto next =
                std::find_if(m_task.slot_sources.begin(), m_task.slot_sources.end(), [&](const auto &slot) {
                    return !done.contains(slot.first)
                        && std::all_of(slot.second.rules.begin(), slot.second.rules.end(), [&](const WordRule &rule) {
                               return std::all_of(rule.value().reads().begin(), rule.value().reads().end(),
                                                  [&](const auto &read) { return done.contains(read.first); });
                           });
                });
            if (next == m_task.slot_sources.end())
                slots.fail("the rules of some slots read each other in a circle");
            m_task.order.push_back(next->first);
            done.insert(next->first);
        }
    }

    void read_templates()
    {
        const JsonField field = m_root.at("templates");
        for (const JsonField &entry : field.items()) {
            const std::string text = entry.text();
            PromptTemplate parts;
            size_t at = 0;
            for (size_t open = 0; (open = text.find('[', at)) != std::string::npos;) {
                const size_t close = text.find(']', open);
                const std::string inside = text.substr(open + 1, close - open - 1);
                const size_t dot = inside.find('.');
                TemplatePart part{text.substr(at, open - at), inside.substr(0, dot),
                                  dot == std::string::npos ? "word" : inside.substr(dot + 1)};
                if (close == std::string::npos)
                    entry.fail("a \"[\" is not closed");
                need_slot(entry, part.slot, part.column);
                parts.push_back(std::move(part));
                at = close + 1;
            }
            parts.push_back({text.substr(at), {}, {}});
            if (text.empty() || text.ends_with(' '))
                entry.fail("should not be empty, nor end with a space: the answer brings its own");
            m_task.templates.push_back(std::move(parts));
        }
        if (m_task.templates.empty())
            field.fail("has no templates");
    }

    void read_flip(const JsonField &flip)
    {
        for (const auto &[name, field] : flip.members()) {
            if (name == "swap") {
                const std::vector<std::string> two = field.texts();
                if (two.size() != 2)
                    field.fail("should name two slots");
                for (const std::string &slot : two)
                    need_slot(field, slot);
                if (m_task.slot_sources.at(two[0]).list != m_task.slot_sources.at(two[1]).list)
                    field.fail("the slots " + two[0] + " and " + two[1] + " have words of different lists");
                m_task.flips.push_back({two[0], {}, two[1], {}});
                m_task.flips.push_back({two[1], {}, two[0], {}});
                continue;
            }
            need_slot(field, name);
            const WordList &words = m_task.lists.at(m_task.slot_sources.at(name).list);
            SlotFlip one{name, {}, {}, {}};
            if (field.value().is_string()) {
                if (field.text() != "another")
                    field.fail("should be \"another\", or have \"word\", \"slot\" or \"where\"");
                one.rules.push_back(WordRule("word != " + name));
            } else if (const auto word = field.find("word")) {
                only(field, {"word"});
                one.word = word->text();
                if (words.columns.size() > 1
                    && std::none_of(words.rows.begin(), words.rows.end(),
                                    [&](const Word &row) { return row[0] == *one.word; }))
                    word->fail(in_quotes(*one.word) + " is not in list " + in_quotes(words.name));
            } else if (const auto slot = field.find("slot")) {
                only(field, {"slot"});
                one.other = slot->text();
                need_slot(*slot, *one.other);
                if (m_task.slot_sources.at(*one.other).list != words.name)
                    slot->fail("slot " + *one.other + " has words of another list");
            } else {
                only(field, {"where"});
                one.rules = rules(field.at("where"), words);
            }
            need_slots(field, one.rules);
            m_task.flips.push_back(std::move(one));
        }
        if (m_task.flips.empty())
            flip.fail("changes nothing");
    }

    void read_roles(const JsonField &roles)
    {
        for (const auto &[key, field] : roles.members()) {
            const std::optional<std::string> role = role_named(key);
            if (!role || *role == end_role)
                field.fail(in_quotes(key)
                           + " is no name of a role; it should be of letters, digits and \"_\", such "
                             "as SUBJECT, and not END, which every prompt has");
            const std::string text = field.text();
            const size_t space = text.find(' ');
            RolePlace place{text.substr(0, space), 1};
            need_slot(field, place.slot);
            if (space != std::string::npos) {
                const std::optional<int> occurrence = small_number(trimmed(text.substr(space)));
                if (!occurrence || *occurrence < 1)
                    field.fail("behind the slot stands which of its occurrences it is, such as \"YEAR 2\"");
                place.occurrence = *occurrence;
            }
            for (const PromptTemplate &one : m_task.templates)
                if (std::count_if(one.begin(), one.end(),
                                  [&](const TemplatePart &part) { return part.slot == place.slot; })
                    < place.occurrence)
                    field.fail("a template does not have " + text);
            if (!m_task.roles.emplace(*role, place).second)
                field.fail("says again where " + role_title(*role) + " stands");
        }
    }

    std::vector<AnswerSource> answers(const JsonField &field, bool wrong) const
    {
        std::vector<AnswerSource> all;
        const std::vector<JsonField> entries = field.value().is_array() ? field.items() : std::vector<JsonField>{field};
        for (const JsonField &entry : entries) {
            AnswerSource &one = all.emplace_back();
            if (entry.value().is_string() && entry.text() == "flipped") {
                if (!wrong)
                    entry.fail("\"flipped\" are the flipped prompt's answers, which are wrong ones");
                one.flipped = true;
            } else if (entry.value().is_string()) {
                one.value = parsed<WordValue>(entry, entry.text());
                need_slots(entry, *one.value);
            } else if (const auto words = entry.find("words")) {
                only(entry, {"words"});
                one.words = words->texts();
            } else {
                one.rows = source(entry, true);
                if (const auto column = entry.find("column"))
                    one.column = column->text();
                if (!m_task.lists.at(one.rows->list).has(one.column))
                    entry.at("column").fail("list " + in_quotes(one.rows->list) + " has no such column");
                need_slots(entry, one.rows->rules);
            }
        }
        if (all.empty())
            field.fail("is empty");
        return all;
    }

    void read_conditions(const JsonField &conditions)
    {
        only(conditions, {"one_token", "different", "no_repeats"});
        if (const auto one_token = conditions.find("one_token"))
            for (const JsonField &entry : one_token->items()) {
                if (entry.text() == "answers") {
                    m_task.whole_answers = true;
                    continue;
                }
                need_slot(entry, entry.text());
                m_task.one_token.push_back(entry.text());
            }
        if (const auto different = conditions.find("different"))
            for (const JsonField &entry : different->items()) {
                m_task.different.push_back(entry.texts());
                for (const std::string &slot : m_task.different.back())
                    need_slot(entry, slot);
            }
        if (const auto no_repeats = conditions.find("no_repeats"))
            m_task.repeats = !no_repeats->flag();
    }

    const JsonField &m_root;
    PromptTask &m_task;
};

} // namespace

PromptTask prompt_task_from_json(std::string_view text, const std::string &file)
{
    const nlohmann::json json = parse_json(text, file);
    const JsonField root(json, file);
    const JsonField format = root.at("format");
    if (format.text() != prompt_task_format)
        format.fail(in_quotes(format.text()) + " is not a task file's; it should be \""
                    + std::string(prompt_task_format) + "\"");
    const JsonField version = root.at("version");
    if (version.value() != 1)
        version.fail(version.value().dump() + " is not supported (only 1)");
    PromptTask task;
    task.file = file;
    TaskReader(root, task).read();
    return task;
}

PromptTask read_prompt_task(const std::filesystem::path &path)
{
    return prompt_task_from_json(read_file(path), path.string());
}

} // namespace patchbay
