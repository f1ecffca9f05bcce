#include "text/detail/token_model.h"

#include "text/detail/bpe.h"
#include "text/detail/unigram.h"
#include "text/detail/word_models.h"

namespace patchbay::text {

std::string type_of_model(const JsonField &model)
{
    if (const auto type = model.find("type"))
        return type->text();
    const auto vocabulary = model.find("vocab");
    if (vocabulary && vocabulary->value().is_array())
        return "Unigram";
    return !model.find("merges") && model.find("max_input_chars_per_word") ? "WordPiece" : "BPE";
}

std::unique_ptr<TokenModel> TokenModel::read(const JsonField &model)
{
    const std::string type = type_of_model(model);
    if (type == "BPE")
        return std::make_unique<Bpe>(model);
    if (type == "Unigram")
        return std::make_unique<Unigram>(model);
    if (type == "WordPiece")
        return std::make_unique<WordPiece>(model);
    if (type == "WordLevel")
        return std::make_unique<WordLevel>(model);
    model.at("type").fail(in_quotes(type) + " is not supported (only BPE, Unigram, WordPiece, WordLevel)");
}

} // namespace patchbay::text
