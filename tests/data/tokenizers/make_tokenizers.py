#!/usr/bin/env python3
"""Makes the tokenizers beside it, and the ids that Hugging Face's `tokenizers` gives for texts that are made here, too.

texts.json: a list of texts. NAME.json: {"tokenizer": a whole tokenizer.json, "ids": per text, without what a post-processor adds,
"decoded": per text, null where it is the text, "before": the ids that the post-processor puts before a text}. components.json: single
normalizers, pre-tokenizers and decoders with what they make of some texts.

Needs tokenizers 0.23. Running it again gives the same files; --train trains the tokenizers anew, which does not give the same every time.
"""

import base64
import json
import random
import struct
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = Path(__file__).resolve().parent
WORDS = """When Mary and John went to the shop Anna gave a ring to Boris who kept it in his drawer until winter came over the hills
although nobody had seen the river frozen before that year the miller's daughter carried flour and the dog followed her home
because seven grey geese were crossing the yard Then Tom sold three maps of Norway and bought bread cheese salt oranges
naïve café Zoë über straße Größe señor façade crème brûlée coöperate don't can't we'll they've I'm she'd it's o'clock""".split()
OTHER = [
    "東京",
    "日本語のテキスト",
    "漢字かな交じり文",
    "カタカナ",
    "한국어",
    "Привет",
    "мир",
    "Αθήνα",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "ไทย",
]
EMOJI = ["🙂", "👩\u200d👩\u200d👧", "🇳🇴", "👍🏽", "❤️", "🤷\u200d♂️", "🦜"]
MARKS = [
    "e\u0301",
    "n\u0303",
    "a\u0308\u0323",
    "o\u0302\u0301",
    "\u0301",
    "ｆｕｌｌ",
    "ﬁne",
    "ﬂow",
    "①②",
    "½",
    "Å",
    "Ⅷ",
    "x²",
    "ſ",
    "İ",
    "ς",
]
BLANKS = [
    " ",
    "  ",
    "   ",
    "          ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    " \n ",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\u1680",
]
CONTROLS = [
    "\x00",
    "\x01",
    "\x07",
    "\x1b[0m",
    "\x7f",
    "\x8f",
    "\x9f",
    "\ufffd",
    "\u2581",
    "\u2581\u2581",
    "\ufffe",
    "\ue000",
]
NUMBERS = ["0", "7", "12", "2024", "3.14", "1,234,567", "1e-9", "0x1F", "٣٤", "10%"]
CODE = [
    "def f(x):\n    return x[0] != {y}",
    "a->b;",
    "#include <c>",
    "http://a.example/?q=1&r=2",
    "foo_bar",
    "C++",
    "\\n",
    '$x = "y"',
    "--",
    "…",
    "“no”",
]
SPECIAL = [
    "<s>",
    "</s>",
    "<unk>",
    "<bos>",
    "<eos>",
    "<pad>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "[INST]",
    "[/INST]",
    "<extra_id_0>",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[UNK]",
    "<0x0A>",
    "<0xE2>",
    "<start_of_turn>",
    "<mask>",
    "##s",
    "</w>",
    "<S>",
    "left",
    "word",
    "<new>",
]


def texts():
    random.seed(16)
    result = [
        "",
        " ",
        "  ",
        "\n",
        "a",
        " a",
        "a ",
        "\u2581",
        " \u2581a",
        "<s>",
        "<s> a",
        " <s>a",
        "a<s>b <s> c",
        "\x00",
        "Mary",
        " Mary",
        "  Mary",
        "When Mary and John went to the shop, John gave a ring to",
        "\n\n\nA",
        "A\n\n\n",
        "e\u0301e\u0301",
        "\u0301a",
        "🙂🙂",
        "東京 東京",
        "x" * 60,
        " " * 40,
        "\n" * 9,
        "ab " * 20,
        "don't DON'T Don’t",
        "<s",
        "s>",
        "<0x41><0x41>",
        "[INST] hi [/INST] bye</s>",
        "<mask>  <mask>",
    ]
    kinds = [WORDS] * 6 + [OTHER, EMOJI, MARKS, BLANKS, BLANKS, CONTROLS, NUMBERS, CODE, SPECIAL, SPECIAL]
    while len(result) < 360:
        text = ""
        for _ in range(random.randint(1, 9)):
            kind = random.choice(kinds)
            word = random.choice(kind)
            if kind is WORDS and random.random() < 0.15:
                word = random.choice([word.upper(), word.capitalize(), word + random.choice(",.;:!?")])
            text += (" " if text and random.random() < 0.6 else "") + word
        result.append(text)
    return result


def corpus():
    random.seed(7)
    return [
        " ".join(random.choices(WORDS * 4 + OTHER + NUMBERS + ["a->b;", "foo_bar", "x[0]"], k=14))
        + random.choice(".!?")
        for _ in range(700)
    ]


def charsmap(pairs):
    """SentencePiece's precompiled map: a tree of the keys' bytes in a double array, and the values, each with a zero behind it."""
    blob, tree = b"", {}
    for key, value in sorted(pairs.items()):
        node = tree
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[-1] = len(blob)
        blob += value.encode() + b"\0"
    units, used = {0: 0}, {0}

    def place(node, index):
        labels = sorted(0 if label < 0 else label for label in node)
        base = 1
        while base in bases or any((base ^ label) in used for label in labels):
            base += 1
        bases.add(base)
        used.update(base ^ label for label in labels)
        units[index] |= (index ^ base) << 10 | (256 if -1 in node else 0)
        for label, child in node.items():
            if label < 0:
                units[base] = child | 1 << 31
        for label, child in sorted((l, c) for l, c in node.items() if l >= 0):
            units[base ^ label] = label
            place(child, base ^ label)

    bases = {0}
    place(tree, 0)
    size = (max(units) | 255) + 1
    array = struct.pack(f"<{size}I", *(units.get(i, 0) for i in range(size)))
    return struct.pack("<I", len(array)) + array + blob


def small_map():
    pairs = {chr(0xFEE0 + c): chr(c) for c in range(0x21, 0x7F)}
    pairs |= {
        "ﬁ": "fi",
        "ﬂ": "fl",
        "①": "1",
        "②": "2",
        "½": "1⁄2",
        "Å": "Å",
        "Ⅷ": "VIII",
        "²": "2",
        "ſ": "s",
        "…": "...",
        "\u3000": " ",
    }
    pairs |= {c: " " for c in "\t\n\r\u00a0\u1680\u2028\u200b\ufeff\ufffd"} | {
        c: "" for c in "\x01\x07\x1b\x7f\x8f\x9f"
    }
    pairs |= {"e\u0301": "é", "n\u0303": "ñ", "o\u0302\u0301": "ố", "\r\n": " "}
    return charsmap(pairs)


def trained(model, trainer, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(corpus(), trainer)
    return json.loads(tokenizer.to_str())


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def sentencepiece_bpe(special, size):
    """A vocabulary as SentencePiece's: special tokens, bytes, pieces that begin with a visible space."""
    made = trained(
        models.BPE(unk_token="<unk>"),
        trainers.BpeTrainer(vocab_size=size, special_tokens=special + BYTES, show_progress=False),
        pre_tokenizers.Metaspace(),
    )
    for token in made["added_tokens"][len(special) :]:
        token["special"] = None
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in special]
    made["model"] |= {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}
    made["pre_tokenizer"] = None
    return made


def with_parts(made, **parts):
    for key, part in parts.items():
        made[key] = part and json.loads(part.__getstate__())
    return made


def add(made, content, special=False, **flags):
    ids = [token["id"] for token in made["added_tokens"]]
    vocabulary = made["model"]["vocab"]
    ids += range(len(vocabulary)) if isinstance(vocabulary, list) else vocabulary.values()
    made["added_tokens"].append(
        {
            "id": max(ids) + 1,
            "content": content,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": not special,
            "special": special,
        }
        | flags
    )


def bos(token, number):
    return processors.TemplateProcessing(
        single=[token, "$A"], pair=[token, "$A", token, "$B"], special_tokens=[(token, number)]
    )


def tokenizers():
    space = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made = with_parts(
        sentencepiece_bpe(["<unk>", "<s>", "</s>"], 760),
        decoder=space,
        post_processor=bos("<s>", 1),
        normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
    )
    made["model"]["merges"] = [" ".join(pair) for pair in made["model"]["merges"]]  # as older files have them
    yield "llama2", made

    made = with_parts(
        sentencepiece_bpe(["<unk>", "<s>", "</s>", "[INST]", "[/INST]"], 740),
        decoder=space,
        post_processor=bos("<s>", 1),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
    )
    add(made, "word", single_word=True, normalized=False)
    add(made, "<mask>", special=True, lstrip=True)
    yield "mistral", made

    made = with_parts(
        sentencepiece_bpe(["<pad>", "<eos>", "<bos>", "<unk>"], 780),
        post_processor=bos("<bos>", 2),
        normalizer=normalizers.Replace(" ", "▁"),
        pre_tokenizer=pre_tokenizers.Split(" ", "merged_with_previous"),
        decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
    )
    for content in ["<start_of_turn>", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "▁▁▁▁▁▁▁▁"]:
        add(made, content, special=content.startswith("<"), normalized=False)
    for byte in (0x0C, 0xE2):  # bytes without a token: the character is unknown
        made["model"]["vocab"][f"<without {byte}>"] = made["model"]["vocab"].pop(BYTES[byte])
    yield "gemma", made

    special = ["<pad>", "</s>", "<unk>"]
    made = trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=520, special_tokens=special, unk_token="<unk>", show_progress=False),
        pre_tokenizers.Metaspace(),
    )
    end = processors.TemplateProcessing(
        single=["$A", "</s>"], pair=["$A", "</s>", "$B", "</s>"], special_tokens=[("</s>", 1)]
    )
    made = with_parts(
        made,
        post_processor=end,
        decoder=decoders.Metaspace(),
        normalizer=normalizers.Precompiled(small_map()),
        pre_tokenizer=pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
    )
    add(made, "<extra_id_0>", special=True)
    yield "t5", made

    made = trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=420, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False),
        pre_tokenizers.Metaspace(),
    )
    made["model"]["vocab"] += [[token, 0.0] for token in BYTES]
    made["model"]["byte_fallback"] = True
    made = with_parts(
        made,
        decoder=decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="first")]),
        pre_tokenizer=pre_tokenizers.Metaspace(prepend_scheme="first"),
        normalizer=normalizers.Sequence(
            [
                normalizers.Nmt(),
                normalizers.NFKC(),
                normalizers.Replace(Regex(" {2,}"), " "),
                normalizers.Strip(left=False),
            ]
        ),
    )
    add(made, "<s>", special=True)
    add(made, "left", lstrip=True, rstrip=True)
    yield "unigram-bytes", made

    split = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    parts = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made = trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=560, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False),
        parts,
        normalizers.NFC(),
    )
    made = with_parts(made, decoder=decoders.ByteLevel(), post_processor=processors.ByteLevel(trim_offsets=False))
    for content in ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]:
        add(made, content, special=True)
    made["model"]["ignore_merges"] = True
    yield "qwen", made

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made = trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=420, special_tokens=special, show_progress=False),
        pre_tokenizers.BertPreTokenizer(),
        normalizers.BertNormalizer(),
    )
    yield "bert", with_parts(
        made, decoder=decoders.WordPiece(), post_processor=processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    )

    made = trained(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(vocab_size=120, special_tokens=["<unk>", "<s>"], show_progress=False),
        pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Digits(individual_digits=True)]),
    )
    add(made, "<new>", lstrip=True, rstrip=True)
    yield "wordlevel", with_parts(
        made, post_processor=bos("<s>", 1), decoder=decoders.WordPiece(prefix="", cleanup=False)
    )

    made = trained(
        models.BPE(unk_token="<unk>"),
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=["<unk>", "<s>", "</s>"],
            continuing_subword_prefix="##",
            end_of_word_suffix="</w>",
            show_progress=False,
        ),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("contiguous")]),
        normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    )
    add(made, "Größe")  # found in the normalized text
    yield "suffix", with_parts(
        made, decoder=decoders.BPEDecoder(), post_processor=processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    )


def kept():
    for path in sorted(HERE.glob("*.json")):
        if path.stem not in ("texts", "components"):
            yield path.stem, json.loads(path.read_text())["tokenizer"]


def components():
    some = [text for text in texts() if text]
    random.seed(3)
    some = some[:33] + random.sample(some[33:], 24)
    n, p, d = normalizers, pre_tokenizers, decoders
    made = {"normalizers": [], "pre_tokenizers": [], "decoders": []}
    for one in [
        n.NFC(),
        n.NFD(),
        n.NFKC(),
        n.NFKD(),
        n.Lowercase(),
        n.Strip(),
        n.Strip(left=False),
        n.Strip(right=False),
        n.StripAccents(),
        n.Nmt(),
        n.Prepend("▁"),
        n.Replace(" ", "▁"),
        n.Replace(Regex(r"\s+|[aeiou]"), "_"),
        n.Replace("a", ""),
        n.Precompiled(small_map()),
        n.BertNormalizer(),
        n.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False),
        n.ByteLevel(),
        n.Sequence([n.NFKD(), n.StripAccents(), n.Prepend("x")]),
    ]:
        made["normalizers"].append(
            {"json": json.loads(one.__getstate__()), "cases": [[text, one.normalize_str(text)] for text in some]}
        )
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    for one in (
        [
            p.ByteLevel(),
            p.ByteLevel(add_prefix_space=False),
            p.ByteLevel(add_prefix_space=False, use_regex=False),
            p.Digits(),
            p.Digits(True),
            p.Whitespace(),
            p.WhitespaceSplit(),
            p.BertPreTokenizer(),
            p.UnicodeScripts(),
            p.CharDelimiterSplit("a"),
            p.FixedLength(3),
            p.Metaspace(),
            p.Metaspace("_", "never"),
            p.Metaspace(prepend_scheme="first"),
            p.Metaspace(split=False),
            p.Sequence([p.WhitespaceSplit(), p.Metaspace(prepend_scheme="first")]),
            p.Sequence([p.Punctuation(), p.Digits()]),
        ]
        + [p.Punctuation(behavior) for behavior in behaviors]
        + [
            p.Split(pattern, behavior, invert)
            for behavior in behaviors
            for invert in (False, True)
            for pattern in ("a", Regex(r"\s+|\d"))
        ]
    ):
        made["pre_tokenizers"].append(
            {
                "json": json.loads(one.__getstate__()),
                "cases": [[text, [piece for piece, _ in one.pre_tokenize_str(text)]] for text in some[::2]],
            }
        )
    lists = [
        ["▁When", "▁Mary", "<0xE2>", "<0x96>", "<0x81>", "x"],
        ["<0xE2>", "<0x82>", "a"],
        ["hello</w>", "w", "orld</w>", "!</w>"],
        ["▁", "▁a", "▁▁b"],
        ["Ġhi", "ĠÃ", "©", "Ċ"],
        ["play", "##ing", ".", "do", "n't", "'", "s"],
        [" a ", "  b  "],
        ["<0xF0>", "<0x9F>", "<0x99>", "<0x82>"],
        ["aaXaa", "aXa"],
    ]
    for one in [
        d.ByteLevel(),
        d.ByteFallback(),
        d.Fuse(),
        d.Metaspace(),
        d.Metaspace(prepend_scheme="never"),
        d.Replace("▁", " "),
        d.Replace(Regex("a+"), "b"),
        d.Strip("a", 2, 0),
        d.Strip("a", 0, 1),
        d.Strip(" ", 0, 1),
        d.WordPiece(),
        d.WordPiece(cleanup=False),
        d.BPEDecoder(),
        d.Sequence([d.Replace("▁", " "), d.ByteFallback(), d.Fuse(), d.Strip(" ", 1, 0)]),
    ]:
        made["decoders"].append(
            {"json": json.loads(one.__getstate__()), "cases": [[tokens, one.decode(tokens)] for tokens in lists]}
        )
    return made


def write(name, value):
    """One line an entry, so that differences can be read."""

    def lines(item, depth):
        if depth and isinstance(item, (dict, list)) and item:
            inner = [
                (json.dumps(k) + ": " if isinstance(item, dict) else "")
                + lines(item[k] if isinstance(item, dict) else k, depth - 1)
                for k in item
            ]
            return (
                ("{" if isinstance(item, dict) else "[")
                + "\n"
                + ",\n".join(inner)
                + "\n"
                + ("}" if isinstance(item, dict) else "]")
            )
        return json.dumps(item, separators=(",", ":"))

    (HERE / name).write_text(lines(value, 1) + "\n")


def main():
    all_texts = texts()
    write("texts.json", all_texts)
    write("components.json", components())
    for name, made in tokenizers() if "--train" in sys.argv else kept():
        for key in ("truncation", "padding"):
            made.pop(key, None)
        tokenizer = Tokenizer.from_str(json.dumps(made))
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in all_texts]
        decoded = [tokenizer.decode(one, skip_special_tokens=False) for one in ids]
        marked = tokenizer.encode("a").ids
        plain = tokenizer.encode("a", add_special_tokens=False).ids
        before = marked[: next(i for i in range(len(marked)) if marked[i : i + len(plain)] == plain)]
        write(
            name + ".json",
            {
                "tokenizer": made,
                "ids": ids,
                "decoded": [None if a == b else a for a, b in zip(decoded, all_texts)],
                "before": before,
            },
        )
        print(name, tokenizer.get_vocab_size(), sum(map(len, ids)))


if __name__ == "__main__":
    main()
