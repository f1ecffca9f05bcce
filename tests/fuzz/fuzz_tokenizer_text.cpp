// Any bytes as text: tokenizers of several kinds encode them, and decode what comes of it.
#include "fuzz/fuzz_input.h"
#include "text/tokenizer.h"

#include "base/data_dir.h"

namespace {

using patchbay::Tokenizer;

/// SentencePiece's BPE: visible spaces, bytes for what has no token, added tokens that take blanks with them.
constexpr const char *kPieces = R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "Strip"},
    {"type": "Prepend", "prepend": "_"}, {"type": "Replace", "pattern": {"Regex": "\\s+| "}, "content": "_"}]},
  "added_tokens": [{"id": 9, "content": "<s>", "special": true, "lstrip": true, "rstrip": true},
    {"id": 10, "content": "ab", "single_word": true}],
  "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "_"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
  "model": {"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": "?", "merges": ["_ a", "_a b"],
    "vocab": {"?": 0, "_": 1, "a": 2, "b": 3, "_a": 4, "_ab": 5, "<0x0A>": 6, "<0xC3>": 7, "<0xA9>": 8}}})";
/// Unigram with what is usual beside it.
constexpr const char *kScores = R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "Nmt"},
    {"type": "NFKC"}, {"type": "BertNormalizer"}]},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Punctuation"},
    {"type": "UnicodeScripts"}, {"type": "Digits"}, {"type": "Metaspace", "replacement": "_"}]},
  "decoder": {"type": "Metaspace", "replacement": "_"},
  "model": {"type": "Unigram", "unk_id": 0,
    "vocab": [["<unk>", 0], ["_", -1], ["_a", -2.5], ["b", -2], ["ab", -3.5]]}})";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    using namespace patchbay;
    static const auto bytes = Tokenizer::load(data_path("demo-model/tokenizer.json"));
    static const auto pieces = Tokenizer::from_json(kPieces, "pieces"),
                      scores = Tokenizer::from_json(kScores, "scores");
    for (const auto *tokenizer : {&bytes, &pieces, &scores})
        fuzz::refuse_or_read([&] {
            const std::string_view text = fuzz::text(data, size);
            (*tokenizer)->decode((*tokenizer)->encode(text));
            (*tokenizer)->continuation(text);
        });
    return 0;
}
