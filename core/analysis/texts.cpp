#include "analysis/detail/texts.h"

#include "base/digest.h"
#include "base/plain_text.h"
#include "io/array_files.h"
#include "task/texts_file.h"
#include "text/token_texts.h"
#include "text/tokenizer.h"

#include <algorithm>

namespace patchbay::detail {

namespace {

constexpr int usual_mean_texts = 100;

std::string text_option(const Analysis &analysis, const char *key)
{
    return parameter_text(analysis, key, {});
}

int whole_option(const Analysis &analysis, const char *key, int otherwise)
{
    const bool given = analysis.options.is_object() && analysis.options.contains(key);
    return given ? int(analysis.options.at(key).get<int64_t>()) : otherwise; // check_analysis has seen it
}

/// Rows of an integer array [rows, tokens].
std::vector<TokenRow> rows_of(const ArrayMap &arrays, const std::string &name, const std::string &file)
{
    const auto found = arrays.find(name);
    if (found == arrays.end() || found->second.is_float() || found->second.shape.size() != 2
        || found->second.count() == 0)
        throw Error(file, "has no integer array " + name + " [texts, tokens]");
    std::vector<TokenRow> rows;
    const int64_t width = found->second.shape[1];
    for (int64_t r = 0; r < found->second.shape[0]; ++r) {
        const auto begin = found->second.ints().begin() + r * width;
        rows.emplace_back(begin, begin + width);
    }
    return rows;
}

/// Texts begin with the tokenizer's beginning; left to itself, wherever it has one.
Bos beginning_of(const Tokenizer &tokenizer, const Analysis &analysis)
{
    const Bos asked = parse_bos(parameter_text(analysis, "bos", "auto"));
    return asked == Bos::Auto && tokenizer.bos_id() ? Bos::Yes : asked;
}

std::vector<TokenRow> tokenized(const Model &model, const Analysis &analysis, const std::string &file, int most)
{
    const Tokenizer &tokenizer = model.need_tokenizer();
    const std::filesystem::path path = texts_path(file, model.trust().path);
    const Bos bos = beginning_of(tokenizer, analysis);
    std::vector<TokenRow> rows;
    for (const std::string &text : read_texts(path)) {
        TokenRow row = tokens_of_prompt(text, tokenizer, bos);
        if (int(row.size()) > most)
            row.resize(size_t(most));
        if (!row.empty())
            rows.push_back(std::move(row));
    }
    if (rows.empty())
        throw Error(path.string(), "has no text with a token in it");
    return rows;
}

/// Takes those that give the means from the front.
std::vector<TokenRow> take_mean(std::vector<TokenRow> &texts, const Analysis &analysis)
{
    const int there = int(texts.size());
    const int count = whole_option(analysis, "mean_texts", std::min(usual_mean_texts, there / 2));
    if (count < 1 || count >= there)
        throw Error("options.mean_texts",
                    std::to_string(count) + " of " + std::to_string(there)
                        + " texts: at least one must give the means, and one be left to look at");
    std::vector<TokenRow> mean(texts.begin(), texts.begin() + count);
    texts.erase(texts.begin(), texts.begin() + count);
    return mean;
}

void check_rows(const std::vector<TokenRow> &rows, const char *what, const ModelConfig &c)
{
    for (size_t r = 0; r < rows.size(); ++r) {
        const std::string name = std::string(what) + " " + std::to_string(r);
        if (int(rows[r].size()) > c.n_ctx)
            throw Error(name, too_long(rows[r].size(), c.n_ctx));
        for (const int64_t id : rows[r])
            if (id < 0 || id >= c.d_vocab)
                throw Error(
                    name, "token " + std::to_string(id) + " is outside the vocabulary of " + std::to_string(c.d_vocab));
    }
}

std::vector<int64_t> listed_function_tokens(const std::string &file, const Tokenizer &tokenizer)
{
    std::vector<int64_t> ids;
    const std::string text = read_file(file);
    int line_number = 0;
    for (size_t at = 0; at < text.size(); ++line_number) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::string line = text.substr(at, end - at); // a space at its beginning belongs to the token
        at = end + 1;
        if (!line.empty() && line.back() == '\r')
            line.pop_back();
        if (line.empty())
            continue;
        const std::optional<int64_t> id = tokenizer.single(line);
        if (!id)
            throw Error(file + " line " + std::to_string(line_number + 1), why_not_one_token(line, tokenizer));
        ids.push_back(*id);
    }
    return ids;
}

std::string hash_of(const AnalysisTexts &texts)
{
    Digest digest;
    const auto add = [&](const std::vector<int64_t> &ids) {
        const auto count = int64_t(ids.size());
        digest.add(&count, sizeof count);
        digest.add(ids.data(), ids.size() * sizeof(int64_t));
    };
    for (const std::vector<TokenRow> *rows : {&texts.mean, &texts.texts}) {
        add({int64_t(rows->size())});
        for (const TokenRow &row : *rows)
            add(row);
    }
    add(texts.function);
    return digest.hexadecimal();
}

} // namespace

std::vector<Parameter> text_parameters(int max_tokens)
{
    return {{"texts", Parameter::Kind::File,
             "a file of texts: .txt (a paragraph or a line each), .jsonl or .json (\"text\"), or short or demo, which "
             "come with the program (demo for the demo model's vocabulary, otherwise short)"},
            {"tokens", Parameter::Kind::File, "a file of token ids instead: an integer array texts [texts, tokens]"},
            {"max_tokens",
             Parameter::Kind::Whole,
             "how many tokens of each text are read (" + std::to_string(max_tokens) + ")",
             {},
             false,
             max_tokens},
            {"bos",
             Parameter::Kind::Choice,
             "whether texts begin with the tokenizer's token for that (auto: if it has "
             "one)",
             {"auto", "yes", "no"}},
            {"sha256", Parameter::Kind::Text, "of the token ids that this was computed on: others are refused"},
            {"function_tokens", Parameter::Kind::File,
             "a file of function tokens, the text of one a line, its space included (articles, punctuation, end of "
             "text); token ids: an integer array function in the file of token ids"}};
}

std::vector<int64_t> usual_function_tokens(const Tokenizer &tokenizer, int64_t d_vocab)
{
    std::vector<int64_t> ids;
    const std::vector<std::optional<int64_t>> special{tokenizer.bos_id(), tokenizer.eos_id(), tokenizer.pad_id()};
    for (int64_t id = 0; id < std::min(d_vocab, tokenizer.size()); ++id) {
        if (!tokenizer.contains(id))
            continue;
        std::string word, text = tokenizer.bytes(id);
        bool letters = false;
        for (const char c : lower_case(text)) {
            if (is_space(c))
                continue;
            letters = letters || (c & 0x80) != 0 || is_digit(c) || (c >= 'a' && c <= 'z');
            word += c;
        }
        if (!letters || word == "a" || word == "an" || word == "the"
            || std::find(special.begin(), special.end(), std::optional(id)) != special.end())
            ids.push_back(id);
    }
    return ids;
}

AnalysisTexts analysis_texts(const Model &model, const Analysis &analysis, int max_tokens, bool with_mean)
{
    const ModelConfig &c = model.config();
    const std::string file = text_option(analysis, "tokens"), words = text_option(analysis, "function_tokens");
    const int most = whole_option(analysis, "max_tokens", max_tokens);
    if (most < 1)
        throw Error("options.max_tokens", "must be at least 1");
    AnalysisTexts out;
    bool named = false; // the function tokens
    if (file.empty()) {
        out.texts = tokenized(model, analysis, text_option(analysis, "texts"), std::min(most, c.n_ctx));
        if (with_mean)
            out.mean = take_mean(out.texts, analysis);
    } else {
        if (!text_option(analysis, "texts").empty())
            throw Error("options.texts", "give either texts or tokens, not both");
        const ArrayMap arrays = read_arrays(file).arrays;
        out.texts = rows_of(arrays, "texts", file);
        if (with_mean)
            out.mean = arrays.contains("mean") ? rows_of(arrays, "mean", file) : take_mean(out.texts, analysis);
        if (const auto ids = arrays.find("function"); ids != arrays.end()) {
            if (ids->second.is_float())
                throw Error(file, "function must be integers: token ids");
            out.function = ids->second.ints();
            named = true;
        }
        if (analysis.options.contains("max_tokens"))
            for (std::vector<TokenRow> *rows : {&out.texts, &out.mean})
                for (TokenRow &row : *rows)
                    row.resize(std::min(row.size(), size_t(most)));
    }
    if (!words.empty())
        out.function = listed_function_tokens(words, model.need_tokenizer());
    else if (!named && model.tokenizer())
        out.function = usual_function_tokens(*model.tokenizer(), c.d_vocab);
    std::sort(out.function.begin(), out.function.end());
    check_rows(out.texts, "text", c);
    check_rows(out.mean, "mean text", c);
    out.sha256 = hash_of(out);
    const std::string expected = text_option(analysis, "sha256");
    if (!expected.empty() && expected != out.sha256)
        throw Error(file.empty() ? text_option(analysis, "texts") : file,
                    "gives other token ids than those of the spec (the file was edited, or the tokenizer is another "
                    "one)");
    return out;
}

PromptBatch text_batch(const std::vector<TokenRow> &rows)
{
    PromptBatch batch;
    batch.prompts = int(rows.size());
    for (const TokenRow &row : rows)
        batch.width = std::max(batch.width, int(row.size()));
    for (const TokenRow &row : rows) {
        batch.end.push_back(int(row.size()) - 1);
        batch.clean.insert(batch.clean.end(), row.begin(), row.end());
        batch.clean.resize(batch.clean.size() + size_t(batch.width) - row.size());
    }
    batch.flipped = batch.clean;
    batch.io.resize(rows.size()); // nobody asks for an answer
    batch.s = batch.io;
    return batch;
}

std::vector<std::string> readable(const Model &model, const TokenRow &row)
{
    if (model.tokenizer())
        return token_texts(*model.tokenizer(), row);
    std::vector<std::string> texts;
    for (const int64_t id : row)
        texts.push_back(std::to_string(id));
    return texts;
}

std::string joined(const Model &model, const TokenRow &row, int first, int last)
{
    std::string out;
    for (const std::string &token : readable(model, {row.begin() + first, row.begin() + last + 1}))
        out += (model.tokenizer() || out.empty() ? "" : " ") + token;
    return out;
}

std::string opening(const Model &model, const TokenRow &row, int tokens)
{
    const int there = int(row.size());
    return joined(model, row, 0, std::min(tokens, there) - 1) + (there > tokens ? " \u2026" : "");
}

} // namespace patchbay::detail
