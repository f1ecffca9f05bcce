// The demo model's vocabulary: every word of its texts one token of a byte-level BPE.
#pragma once

#include "trainer_pch.h"

namespace patchbay::trainer {

/// "When Mary left, " → "When", " Mary", " left", ",": the pieces a ByteLevel pre-tokenizer makes of plain English.
std::vector<std::string> pieces(std::string_view text);

class Vocabulary {
public:
    /// The 256 bytes, one merge chain for every distinct piece, and <|endoftext|> as id 0.
    explicit Vocabulary(const std::set<std::string> &words);

    /// Ids of a text all of whose pieces are words. Throws Error naming an unknown one.
    std::vector<int64_t> encode(std::string_view text) const;
    int64_t id(const std::string &piece) const;
    int64_t size() const { return static_cast<int64_t>(m_symbols.size()); }
    /// The content of tokenizer.json.
    nlohmann::ordered_json tokenizer_json() const;

private:
    std::vector<std::string> m_symbols; ///< by id, as written in tokenizer.json
    std::vector<std::pair<std::string, std::string>> m_merges;
    std::map<std::string, int64_t> m_ids;
};

} // namespace patchbay::trainer
