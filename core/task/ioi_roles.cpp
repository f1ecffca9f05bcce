#include "task/ioi_roles.h"

#include "task/prompts.h"
#include "text/tokenizer.h"

namespace patchbay {

Roles find_ioi_roles(const PromptPair &pair, const Tokenizer &tokenizer)
{
    const std::vector<int64_t> &ids = pair.clean_ids;
    const int first = text_begin(pair, tokenizer);
    // A name that begins the text has no space before it.
    const auto is = [&](int position, int64_t id, const std::string &text) {
        return ids[size_t(position)] == id
            || (position == first && text.starts_with(' ') && pair.clean.starts_with(text.substr(1))
                && tokenizer.single(text.substr(1)) == ids[size_t(first)]);
    };
    std::vector<int> io, s;
    for (int position = 0; position <= pair.end(); ++position) {
        if (is(position, pair.answer_id, pair.answer))
            io.push_back(position);
        else if (is(position, pair.wrong_id, pair.wrong))
            s.push_back(position);
    }
    if (io.empty() || s.size() < 2)
        return {};
    return {{ioi::io, io.front()}, {ioi::s1, s.front()}, {ioi::s2, s.back()}};
}

} // namespace patchbay
