// Any bytes as text: a byte-level tokenizer encodes them, and decoding gives the text back where it is UTF-8.
#include "fuzz/fuzz_input.h"
#include "text/tokenizer.h"

#include "base/data_dir.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    static const auto tokenizer = Tokenizer::load(data_path("demo-model/tokenizer.json"));
    fuzz::refuse_or_read([&] { tokenizer->decode(tokenizer->encode(fuzz::text(data, size))); });
    return 0;
}
