// The data set as JSON: tokens and positions, by the reference's rules.
#include "base/error.h"
#include "base/json_field.h"
#include "task/ioi_task.h"
#include "task/task_list.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <algorithm>

namespace patchbay {

using nlohmann::ordered_json;

namespace {

using Row = std::vector<int64_t>;

/// Tokens and everything that is looked up in them, for one list of prompts.
class TokenTable {
public:
    TokenTable(const TaskFile &task, const Tokenizer &tokenizer, Bos bos)
        : m_task(task), m_tokenizer(tokenizer), m_pad(tokenizer.pad_id().value_or(0)),
          m_before(tokenizer.beginning(bos))
    {
    }

    int64_t pad() const { return m_pad; }
    bool has_bos() const { return !m_before.empty(); }

    /// The fields that depend on the tokenizer only.
    void describe(ordered_json &json, const std::vector<IoiPrompt> &prompts) const
    {
        std::vector<Row> rows;
        size_t longest = 0;
        Row io, s;
        for (const IoiPrompt &prompt : prompts) {
            rows.push_back(m_tokenizer.encode(prompt.text));
            longest = std::max(longest, rows.back().size());
            io.push_back(name_id(prompt.io));
            s.push_back(name_id(prompt.s));
            if (!prompt.third.empty())
                name_id(prompt.third);
        }
        for (Row &row : rows) {
            row.resize(longest, m_pad);
            row.insert(row.begin(), m_before.begin(), m_before.end());
        }
        json["toks"] = std::move(rows);
        json["max_len"] = longest;
        json["io_tokenIDs"] = std::move(io);
        json["s_tokenIDs"] = std::move(s);
    }

    ordered_json word_positions(const std::vector<IoiPrompt> &prompts) const
    {
        const auto bos = static_cast<int64_t>(m_before.size());
        std::vector<int64_t> io, s1, s2, end;
        ordered_json punct = ordered_json::array();
        for (const IoiPrompt &prompt : prompts) {
            const Row all = m_tokenizer.encode(prompt.text);
            const Row head = m_tokenizer.encode(prompt.text.substr(0, prompt.text.rfind(' ')));
            const auto find = [&](const std::string &name, bool last) {
                const int64_t id = name_id(name);
                const auto first = std::find(head.begin(), head.end(), id);
                if (first == head.end())
                    throw Error("prompt " + in_quotes(prompt.text),
                                "the token " + in_quotes(" " + name)
                                    + " is not in it (a name that begins the text has no space)");
                return (last ? std::find(head.rbegin(), head.rend(), id).base() - 1 : first) - head.begin();
            };
            io.push_back(find(prompt.io, false) + bos);
            s1.push_back(find(prompt.s, false) + bos);
            s2.push_back(find(prompt.s, true) + bos);
            end.push_back(static_cast<int64_t>(all.size()) - 2 + bos);
            punct.push_back(punctuation(prompt.text, all));
        }
        const auto shifted = [](std::vector<int64_t> list, int64_t by) {
            for (int64_t &position : list)
                position += by;
            return list;
        };
        ordered_json json;
        json["IO"] = io;
        json["IO-1"] = shifted(io, -1);
        json["IO+1"] = shifted(io, 1);
        json["S1"] = s1;
        json["S1-1"] = shifted(s1, -1);
        json["S1+1"] = shifted(s1, 1);
        json["S2"] = s2;
        json["end"] = end;
        json["starts"] = std::vector<int64_t>(prompts.size(), 0);
        json["punct"] = std::move(punct);
        return json;
    }

private:
    /// The id of " " + name. END, flips and positions are only right when every name is one token.
    int64_t name_id(const std::string &name) const
    {
        const Row ids = m_tokenizer.continuation(" " + name);
        if (ids.size() == 1)
            return ids[0];
        std::string parts;
        for (const std::string &token : token_texts(m_tokenizer, ids))
            parts += (parts.empty() ? "" : ", ") + in_quotes(token);
        throw Error(m_task.file,
                    "the name " + in_quotes(name) + " is " + std::to_string(ids.size()) + " tokens (" + parts
                        + ") for this tokenizer, but should be one: leave it out of \"names\"");
    }

    ordered_json punctuation(const std::string &text, const Row &tokens) const
    {
        const auto mark = m_tokenizer.single(text.find('.') != std::string::npos ? "." : ",");
        const auto found = mark ? std::find(tokens.rbegin(), tokens.rend(), *mark) : tokens.rend();
        return found == tokens.rend() ? ordered_json(nullptr) : ordered_json(found.base() - 1 - tokens.begin());
    }

    const TaskFile &m_task;
    const Tokenizer &m_tokenizer;
    int64_t m_pad;
    Row m_before; ///< what each prompt begins with
};

ordered_json prompts_json(const std::vector<IoiPrompt> &prompts)
{
    ordered_json list = ordered_json::array();
    for (const IoiPrompt &prompt : prompts) {
        ordered_json json = ordered_json::object();
        for (const auto &[placeholder, word] : prompt.nouns)
            json[placeholder] = word;
        json["text"] = prompt.text;
        json["IO"] = prompt.io;
        json["S"] = prompt.s;
        json["TEMPLATE_IDX"] = prompt.template_index;
        if (!prompt.third.empty())
            json["C"] = prompt.third;
        list.push_back(std::move(json));
    }
    return list;
}

ordered_json orders_json(const std::vector<IoiPrompt> &prompts, NameSearch search)
{
    ordered_json list = ordered_json::array();
    for (const IoiPrompt &prompt : prompts)
        list.push_back(name_order(prompt, search));
    return list;
}

ordered_json flip_json(const TaskFile &task, const IoiSet &set, const std::string &text, const DrawOrder &order,
                       const TokenTable &tokens)
{
    const FlippedSet flipped = flip_ioi(task, set, text, order);
    ordered_json json;
    json["seed"] = flipped.seed;
    json["hash_order_dependent"] = flipped.hash_order_dependent;
    ordered_json drawn = ordered_json::object();
    for (const auto &[pattern, letters] : flipped.draw_order) {
        drawn[pattern] = ordered_json::array();
        for (const char letter : letters)
            drawn[pattern].push_back(std::string(1, letter));
    }
    json["draw_order"] = std::move(drawn);
    json["prompts"] = prompts_json(flipped.prompts);
    json["templates_by_prompt"] = orders_json(flipped.prompts, set.request.search);
    tokens.describe(json, flipped.prompts);
    return json;
}

} // namespace

ordered_json ioi_dataset_json(const TaskFile &task, const IoiSet &set, const Tokenizer &tokenizer,
                              const IoiJsonOptions &options)
{
    const TokenTable tokens(task, tokenizer, options.bos);
    ordered_json json;
    json["format"] = "ioi-dataset";
    json["version"] = 1;
    json["tokenizer"] = options.tokenizer;
    json["pad_token_id"] = tokens.pad();
    json["padding_side"] = "right";
    json["prompt_type"] = set.request.type;
    json["N"] = set.prompts.size();
    json["seed"] = set.request.seed;
    json["symmetric"] = set.request.symmetric;
    json["prepend_bos"] = tokens.has_bos();
    if (!set.templates.empty()) {
        const auto baba = task.template_sets.find("BABA");
        json["nb_templates"] = baba == task.template_sets.end() ? set.templates.size() : baba->second.size();
        json["templates"] = set.templates;
    }
    json["prompts"] = prompts_json(set.prompts);
    json["templates_by_prompt"] = orders_json(set.prompts, set.request.search);
    tokens.describe(json, set.prompts);
    json["word_idx"] = tokens.word_positions(set.prompts);
    json["flips"] = ordered_json::object();
    for (const std::string &flip : options.flips)
        json["flips"][flip] = flip_json(task, set, flip, options.draw_order, tokens);
    return json;
}

ordered_json ioi_dataset_json(const TaskRef &ref, const Tokenizer &tokenizer, const std::string &tokenizer_name,
                              bool symmetric)
{
    if (ref.kind != "ioi")
        throw Error("task", "of kind " + in_quotes(ref.kind) + " is not generated: only \"ioi\" is");
    std::string note;
    const TaskFile task = with_whole_names(read_task_file(task_path(ref.file)), tokenizer, note);
    IoiRequest request;
    request.type = ref.type;
    request.prompts = ref.prompts;
    request.seed = ref.seed;
    request.symmetric = symmetric;
    const IoiSet set = generate_ioi(task, request);
    IoiJsonOptions options;
    options.tokenizer = tokenizer_name;
    options.bos = ref.bos;
    if (!ref.flip.empty() && !(set.third_name && ref.flip == TaskRef().flip))
        options.flips.push_back(ref.flip);
    ordered_json json = ioi_dataset_json(task, set, tokenizer, options);
    if (!note.empty())
        json["note"] = note;
    return json;
}

} // namespace patchbay
