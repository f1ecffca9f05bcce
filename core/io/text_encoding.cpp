#include "io/text_encoding.h"

#include "base/error.h"

#include <unicode/ucnv.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <memory>

namespace patchbay {

namespace {

struct Mark {
    std::string_view bytes;
    const char *encoding;
};
// The longer one first: UTF-32's begins with UTF-16's.
constexpr std::array<Mark, 5> marks{{{{"\xFF\xFE\0\0", 4}, "UTF-32LE"},
                                     {{"\0\0\xFE\xFF", 4}, "UTF-32BE"},
                                     {{"\xEF\xBB\xBF", 3}, "UTF-8"},
                                     {{"\xFF\xFE", 2}, "UTF-16LE"},
                                     {{"\xFE\xFF", 2}, "UTF-16BE"}}};

std::string hexadecimal(unsigned char byte)
{
    constexpr char digits[] = "0123456789ABCDEF";
    return std::string("0x") + digits[byte >> 4] + digits[byte & 15];
}

/// "line 3, byte 4 (0xEB)": where a byte stands, both from 1.
std::string place_of(std::string_view bytes, size_t at)
{
    const std::string_view before = bytes.substr(0, at);
    const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    return "line " + std::to_string(1 + std::count(before.begin(), before.end(), '\n')) + ", byte "
        + std::to_string(at - line_start + 1)
        + (at < bytes.size() ? " (" + hexadecimal(static_cast<unsigned char>(bytes[at])) + ")" : "");
}

void check_utf8(std::string_view text, const std::string &file)
{
    for (size_t at = 0; at < text.size();) {
        const size_t begin = at;
        UChar32 character = 0;
        U8_NEXT(text.data(), at, text.size(), character);
        if (character < 0)
            throw Error(
                file,
                place_of(text, begin)
                    + ": is not UTF-8; save the file as UTF-8, or name its encoding, such as --encoding latin1");
        if (character == 0)
            throw Error(file,
                        place_of(text, begin)
                            + ": a zero byte is no text; if the file is UTF-16, say --encoding UTF-16LE");
    }
}

std::string converted(std::string_view bytes, const std::string &encoding, const std::string &file)
{
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(encoding.c_str(), &status),
                                                                       ucnv_close);
    if (U_FAILURE(status))
        throw Error(file,
                    "the encoding \"" + encoding + "\" is not known; write UTF-8, latin1, windows-1252, UTF-16LE …");
    ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
    std::string text;
    std::array<UChar, 4096> buffer;
    const char *source = bytes.data(), *end = bytes.data() + bytes.size();
    do {
        status = U_ZERO_ERROR;
        UChar *target = buffer.data();
        ucnv_toUnicode(converter.get(), &target, buffer.data() + buffer.size(), &source, end, nullptr, true, &status);
        if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR) {
            std::array<char, 32> wrong; // what was read last is what it stumbled over
            auto length = static_cast<int8_t>(wrong.size());
            UErrorCode ignored = U_ZERO_ERROR;
            ucnv_getInvalidChars(converter.get(), wrong.data(), &length, &ignored);
            throw Error(
                file,
                place_of(bytes,
                         static_cast<size_t>(source - bytes.data()) - static_cast<size_t>(std::max<int8_t>(length, 0)))
                    + ": is not " + encoding);
        }
        icu::UnicodeString(false, buffer.data(), static_cast<int32_t>(target - buffer.data())).toUTF8String(text);
    } while (status == U_BUFFER_OVERFLOW_ERROR);
    return text;
}

} // namespace

std::string decode_text(std::string bytes, const std::string &encoding, const std::string &file)
{
    const auto mark =
        std::find_if(marks.begin(), marks.end(), [&](const Mark &one) { return bytes.starts_with(one.bytes); });
    if (mark != marks.end())
        bytes.erase(0, mark->bytes.size());
    const std::string name = mark != marks.end() ? mark->encoding : encoding;
    const bool utf8 = name.empty() || name == "UTF-8" || ucnv_compareNames(name.c_str(), "UTF-8") == 0;
    std::string text = utf8 ? std::move(bytes) : converted(bytes, name, file);
    check_utf8(text, file);
    return text;
}

} // namespace patchbay
