// patchbay-cli tokenize: JSON lines {"text"} in, {"ids", "tokens"} out, in the same order.
#include "command.h"
#include "options.h"
#include "text/tokenizer.h"

#include <nlohmann/json.hpp>

#include <iostream>

namespace patchbay::cli {

namespace {

std::string text_of(const std::string &line, size_t number)
{
    const std::string place = "standard input, line " + std::to_string(number);
    nlohmann::json value;
    try {
        value = nlohmann::json::parse(line);
    } catch (const nlohmann::json::exception &error) {
        throw Error(place, std::string("is not JSON: ") + error.what());
    }
    if (!value.is_object() || !value.contains("text") || !value["text"].is_string())
        throw Error(place, "must be an object with a field \"text\"");
    return value["text"];
}

} // namespace

Runner add_tokenize(CLI::App &app)
{
    const auto model = std::make_shared<ModelOptions>();
    model->add(app, false);
    return [model] {
        // Only the tokenizer: the folder need not hold a model.
        const auto tokenizer = Tokenizer::open(model->tokenizer_place());
        std::ios::sync_with_stdio(false);
        std::string line;
        for (size_t number = 1; std::getline(std::cin, line); ++number) {
            if (line.find_first_not_of(" \t\r") == std::string::npos)
                continue;
            const std::vector<int64_t> ids = tokenizer->encode(text_of(line, number));
            nlohmann::ordered_json out = {{"ids", ids}, {"tokens", nlohmann::ordered_json::array()}};
            for (const int64_t id : ids)
                out["tokens"].push_back(tokenizer->token(id));
            std::cout << out.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) << '\n';
        }
        std::cout.flush();
        return 0;
    };
}

} // namespace patchbay::cli
