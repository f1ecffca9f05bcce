#include "text/detail/unigram.h"

#include "base/error.h"
#include "text/detail/characters.h"

#include <algorithm>
#include <limits>

namespace patchbay::text {

namespace {

/// What a character without a token costs more than the worst token (SentencePiece's kUnkPenalty).
constexpr double kUnknownPenalty = 10;

} // namespace

Unigram::Unigram(const JsonField &model) : m_file(model.file())
{
    m_roots.fill(-1);
    const JsonField list = model.at("vocab");
    if (!list.value().is_array() || list.value().empty())
        list.fail("should be an array of tokens with their scores, and not empty");
    if (list.value().size() > size_t(highest_id))
        list.fail("has too many tokens");
    const size_t count = list.value().size();
    m_vocabulary.reserve(count);
    m_scores.reserve(count);
    double lowest = std::numeric_limits<double>::infinity();
    for (const nlohmann::json &entry : list.value()) {
        const auto id = static_cast<int32_t>(m_scores.size());
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
            list.fail("entry " + std::to_string(id) + " should be a token and its score");
        const std::string &token = entry[0].get_ref<const std::string &>();
        m_scores.push_back(entry[1].get<double>());
        lowest = std::min(lowest, m_scores.back());
        m_vocabulary.set(token, id);
        add_to_tree(token, id);
    }
    m_unknown_score = lowest - kUnknownPenalty;
    if (const auto unknown = model.find("unk_id"))
        m_unknown = static_cast<int32_t>(unknown->integer(0, int64_t(count) - 1));
    if (flag_or(model, "byte_fallback", false))
        m_bytes = ByteTokens(m_vocabulary);
    if (const auto alpha = model.find("alpha"); alpha && alpha->value() != 0)
        alpha->fail("is not supported: it makes tokens random");
}

void Unigram::add_to_tree(std::string_view token, int32_t id)
{
    int32_t node = 0;
    for (const char byte : token) {
        int32_t next = child(node, byte);
        if (next < 0) {
            next = static_cast<int32_t>(m_nodes.size());
            m_nodes.push_back({-1, m_nodes[size_t(node)].first_child, -1, byte});
            m_nodes[size_t(node)].first_child = next;
            if (node == 0)
                m_roots[static_cast<unsigned char>(byte)] = next;
        }
        node = next;
    }
    if (node > 0)
        m_nodes[size_t(node)].id = id; // of equal tokens the last counts
}

int32_t Unigram::child(int32_t node, char byte) const
{
    if (node == 0)
        return m_roots[static_cast<unsigned char>(byte)];
    int32_t at = m_nodes[size_t(node)].first_child;
    while (at >= 0 && m_nodes[size_t(at)].byte != byte)
        at = m_nodes[size_t(at)].next;
    return at;
}

void Unigram::append_unknown(std::string_view text, std::vector<int64_t> &ids) const
{
    if (const int32_t id = m_vocabulary.find(text); id >= 0)
        ids.push_back(id);
    else if (!m_bytes.append(text, ids))
        ids.push_back(m_unknown);
}

void Unigram::encode(std::string_view piece, std::vector<int64_t> &ids) const
{
    struct Best { ///< way to cut what is before a place: its last token
        double score = 0;
        size_t begin = std::string_view::npos;
        int32_t id = -1;
    };
    std::vector<Best> best(piece.size() + 1); // [place]
    each_character(piece, [&](UChar32, size_t begin, size_t behind) {
        const double before = best[begin].score;
        const auto consider = [&](size_t end, double score, int32_t id) {
            Best &to = best[end];
            if (to.begin == std::string_view::npos || before + score > to.score)
                to = {before + score, begin, id};
        };
        bool has_one = false; // a token of this character alone
        int32_t node = 0;
        for (size_t i = begin; i < piece.size(); ++i) {
            node = child(node, piece[i]);
            if (node < 0)
                break;
            if (const int32_t id = m_nodes[size_t(node)].id; id >= 0) {
                consider(i + 1, m_scores[size_t(id)], id);
                has_one = has_one || i + 1 == behind;
            }
        }
        if (has_one)
            return;
        if (m_unknown < 0)
            throw Error(m_file,
                        "model.vocab has no token for " + in_quotes(piece.substr(begin, behind - begin))
                            + ", and there is no unk_id");
        consider(behind, m_unknown_score, m_unknown);
    });
    std::vector<Best> path; // from the end
    for (size_t end = piece.size(); end > 0; end = path.back().begin)
        path.push_back(best[end]);
    std::reverse(path.begin(), path.end());
    for (size_t i = 0; i < path.size();) {
        if (path[i].id != m_unknown) {
            ids.push_back(path[i++].id);
            continue;
        }
        const size_t from = path[i].begin;
        while (i < path.size() && path[i].id == m_unknown)
            ++i;
        append_unknown(piece.substr(from, (i < path.size() ? path[i].begin : piece.size()) - from), ids);
    }
}

} // namespace patchbay::text
