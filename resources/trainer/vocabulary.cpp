#include "vocabulary.h"

#include "base/error.h"

namespace patchbay::trainer {

namespace {

const char *const end_of_text = "<|endoftext|>";

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string utf8(unsigned code) // codes here are below U+0800
{
    if (code < 0x80)
        return {static_cast<char>(code)};
    return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

/// What byte-level BPE writes for a byte: printable Latin-1 stands for itself, the others for U+0100 and up in their
/// order.
std::string byte_symbol(unsigned byte)
{
    const auto printable = [](unsigned b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || (b >= 0xAE && b <= 0xFF);
    };
    if (printable(byte))
        return utf8(byte);
    unsigned code = 256;
    for (unsigned b = 0; b < byte; ++b)
        code += !printable(b);
    return utf8(code);
}

std::vector<std::string> byte_symbols(const std::string &piece)
{
    std::vector<std::string> out;
    for (const char c : piece)
        out.push_back(byte_symbol(static_cast<unsigned char>(c)));
    return out;
}

} // namespace

std::vector<std::string> pieces(std::string_view text)
{
    std::vector<std::string> out;
    size_t i = 0;
    while (i < text.size()) {
        const size_t start = i;
        if (text[i] == ' ')
            ++i;
        if (i < text.size() && is_letter(text[i])) {
            while (i < text.size() && is_letter(text[i]))
                ++i;
        } else if (i < text.size()) {
            ++i;
        }
        out.emplace_back(text.substr(start, i - start));
    }
    return out;
}

Vocabulary::Vocabulary(const std::set<std::string> &words)
{
    const auto add = [this](const std::string &symbol) {
        if (m_ids.emplace(symbol, size()).second)
            m_symbols.push_back(symbol);
    };
    add(end_of_text);
    for (unsigned b = 0; b < 256; ++b)
        add(byte_symbol(b));
    // A word is merged from its start, one byte at a time. Chains that begin with a space come first: in " Walter" the
    // pair (space, W) then wins over (W, a) of a sentence-initial word, and after that only the word's start has a
    // rule.
    std::set<std::pair<std::string, std::string>> known;
    for (const bool spaced : {true, false}) {
        for (const std::string &word : words) {
            if ((word.front() == ' ') != spaced)
                continue;
            const std::vector<std::string> bytes = byte_symbols(word);
            std::string left = bytes.front();
            for (size_t i = 1; i < bytes.size(); ++i) {
                if (known.emplace(left, bytes[i]).second)
                    m_merges.emplace_back(left, bytes[i]);
                left += bytes[i];
                add(left);
            }
        }
    }
}

int64_t Vocabulary::id(const std::string &piece) const
{
    std::string symbol;
    for (const std::string &s : byte_symbols(piece))
        symbol += s;
    const auto found = m_ids.find(symbol);
    if (found == m_ids.end())
        throw Error("\"" + piece + "\"", "is not one token of the vocabulary");
    return found->second;
}

std::vector<int64_t> Vocabulary::encode(std::string_view text) const
{
    std::vector<int64_t> out;
    for (const std::string &piece : pieces(text))
        out.push_back(id(piece));
    return out;
}

nlohmann::ordered_json Vocabulary::tokenizer_json() const
{
    nlohmann::ordered_json vocab = nlohmann::ordered_json::object();
    for (int64_t i = 0; i < size(); ++i)
        vocab[m_symbols[static_cast<size_t>(i)]] = i;
    nlohmann::ordered_json merges = nlohmann::ordered_json::array();
    for (const auto &[left, right] : m_merges)
        merges.push_back(left + " " + right);
    const nlohmann::ordered_json byte_level = {
        {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
    const nlohmann::ordered_json special = {{"id", 0},         {"content", end_of_text}, {"single_word", false},
                                            {"lstrip", false}, {"rstrip", false},        {"normalized", false},
                                            {"special", true}};
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", nlohmann::ordered_json::array({special})},
            {"normalizer", nullptr},
            {"pre_tokenizer", byte_level},
            {"post_processor", nullptr},
            {"decoder", byte_level},
            {"model",
             {{"type", "BPE"},
              {"dropout", nullptr},
              {"unk_token", nullptr},
              {"continuing_subword_prefix", nullptr},
              {"end_of_word_suffix", nullptr},
              {"fuse_unk", false},
              {"vocab", vocab},
              {"merges", merges}}}};
}

} // namespace patchbay::trainer
