#include "text/detail/post_processor.h"

#include "text/detail/vocabulary.h"

namespace patchbay::text {

namespace {

/// The special tokens of a template up to the text.
std::vector<int64_t> before_text_of(const JsonField &field)
{
    std::vector<int64_t> ids;
    const auto single = field.find("single");
    for (const JsonField &part : single ? single->items() : std::vector<JsonField>()) {
        const auto special = part.find("SpecialToken");
        if (!special)
            break;
        const JsonField tokens = field.at("special_tokens");
        for (const JsonField &id : tokens.at(special->at("id").text()).at("ids").items())
            ids.push_back(id.integer(0, highest_id));
    }
    return ids;
}

/// ["[CLS]", 101]
int64_t id_of_pair(const JsonField &pair)
{
    const std::vector<JsonField> items = pair.items();
    if (items.size() != 2)
        pair.fail("should be a token and its id");
    return items[1].integer(0, highest_id);
}

} // namespace

std::vector<int64_t> ids_before_text(const JsonField &field)
{
    const std::string type = field.at("type").text();
    if (type == "ByteLevel") // about offsets
        return {};
    if (type == "TemplateProcessing")
        return before_text_of(field);
    if (type == "BertProcessing" || type == "RobertaProcessing")
        return {id_of_pair(field.at("cls"))};
    if (type == "Sequence") {
        std::vector<int64_t> ids;
        for (const JsonField &part : field.at("processors").items()) { // a later one takes what the earlier ones made
            const std::vector<int64_t> more = ids_before_text(part);
            ids.insert(ids.begin(), more.begin(), more.end());
        }
        return ids;
    }
    field.at("type").fail(in_quotes(type)
                          + " is not supported (only ByteLevel, TemplateProcessing, BertProcessing, "
                            "RobertaProcessing, Sequence)");
}

} // namespace patchbay::text
