#include "text/detail/vocabulary.h"

namespace patchbay::text {

Vocabulary Vocabulary::read(const JsonField &object)
{
    if (!object.value().is_object() || object.value().empty())
        object.fail("should be an object of tokens and their ids, and not empty");
    Vocabulary vocabulary;
    vocabulary.reserve(object.value().size());
    for (const auto &[token, id] : object.value().items())
        vocabulary.set(
            token,
            static_cast<int32_t>(
                JsonField(id, object.file(), object.place() + "[" + in_quotes(token) + "]").integer(0, highest_id)));
    return vocabulary;
}

ByteTokens::ByteTokens(const Vocabulary &vocabulary)
{
    constexpr char digits[] = "0123456789ABCDEF";
    for (size_t byte = 0; byte < m_ids.size(); ++byte) {
        const char token[] = {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
        m_ids[byte] = vocabulary.find({token, sizeof token});
    }
}

std::optional<char> byte_of_token(std::string_view token)
{
    if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>')
        return std::nullopt;
    int byte = 0;
    for (const char digit : token.substr(3, 2)) {
        byte *= 16;
        if (digit >= '0' && digit <= '9')
            byte += digit - '0';
        else if (digit >= 'A' && digit <= 'F')
            byte += digit - 'A' + 10;
        else if (digit >= 'a' && digit <= 'f')
            byte += digit - 'a' + 10;
        else
            return std::nullopt;
    }
    return static_cast<char>(byte);
}

} // namespace patchbay::text
