// Tokenizer files. The input is the file; what reads is then asked for ids of some text and for the text of its ids.
#include "fuzz/fuzz_input.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    fuzz::refuse_or_read([&] {
        const auto tokenizer = Tokenizer::from_json(std::string(fuzz::text(data, size)), "input");
        for (const Bos bos : {Bos::Auto, Bos::Yes})
            fuzz::refuse_or_read([&] { tokenizer->beginning(bos); });
        for (const std::string_view text :
             {"When Mary and John went", " a\n\n  b\t", "caf\xC3\xA9 \xFF\xFE 12345", "<s>\u6771e\u0301\uFF41 \u2581x"})
            fuzz::refuse_or_read([&] {
                tokenizer->decode(tokenizer->encode(text));
                tokenizer->continuation(text);
            });
    });
    return 0;
}
