# Small tokenizers of one construct each and what the Rust library makes of odd texts: tokenizers.json.
# python3 make.py, with tokenizers 0.2x installed.
import json
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers, Regex, AddedToken

texts = [
    "", " ", "plain words only", "  two  spaces ", "café naïve e\u0301te\u0301", "Straße ÜBER ΣΊΣΥΦΟΣ", "日本語 テキスト", "한국어",
    "tab\tline\nbreak\r\nend", "a\u00a0b\u2003c\u3000d\u0085e\ufefff\u200bg\u200dh", "1234 ½ Ⅷ ² ３４ ٣٤ १२", "don't stop—now… (really?)",
    "👩‍👩‍👧‍👦 ok 🏳️‍🌈", "naïve_snake_case and kebab-case", "x<sep>y <sep> z<sep><sep>", "<sep>", "▁under▁score", "\u05d0\u05b8 \u0627\u064b",
    "!!! ... ?!", "a,b;c:d", "word" * 30,
]
corpus = texts + ["the quick brown fox jumps over the lazy dog", "hello world 2024", "some more text, with punctuation!"] * 3

def bpe(pre=None, norm=None, byte=False, size=300, **model):
    t = Tokenizer(models.BPE(unk_token="<unk>", **model))
    if norm: t.normalizer = norm
    if pre: t.pre_tokenizer = pre
    alphabet = pre_tokenizers.ByteLevel.alphabet() if byte else []
    t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=size + len(alphabet), special_tokens=["<unk>"], initial_alphabet=alphabet, show_progress=False))
    t.add_tokens([AddedToken("<sep>", special=True, normalized=False)])
    return t

def unigram(byte_fallback):
    pieces = [("<unk>", 0.0)] + [(f"<0x{b:02X}>", -9.0) for b in range(256)] + [(c, -6.0) for c in "▁abcdefghijklmnopqrstuvwxyz,.!"] + [("▁the", -3.0), ("▁word", -3.2), ("word", -3.5), ("ing", -4.0), ("▁pl", -4.1), ("ain", -4.2)]
    t = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=byte_fallback))
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    return t

P = pre_tokenizers
byte = lambda *before: P.Sequence([*before, P.ByteLevel(add_prefix_space=False, use_regex=False)])
cases = {
    "whitespace": bpe(P.Whitespace()),
    "whitespace split": bpe(P.WhitespaceSplit()),
    "byte level": bpe(P.ByteLevel(add_prefix_space=False), byte=True),
    "byte level, prefix space": bpe(P.ByteLevel(add_prefix_space=True), byte=True),
    "digits": bpe(byte(P.Digits(individual_digits=False)), byte=True),
    "single digits": bpe(byte(P.Digits(individual_digits=True)), byte=True),
    "punctuation": bpe(byte(P.Punctuation()), byte=True),
    "punctuation, contiguous": bpe(byte(P.Punctuation("contiguous")), byte=True),
    "punctuation, merged with previous": bpe(byte(P.Punctuation("merged_with_previous")), byte=True),
    "bert pre-tokenizer": bpe(P.BertPreTokenizer()),
    "metaspace": bpe(P.Metaspace()),
    "metaspace, first": bpe(P.Metaspace(prepend_scheme="first")),
    "metaspace, whole": bpe(P.Metaspace(split=False)),
    "strip": bpe(P.WhitespaceSplit(), norm=normalizers.Strip()),
    "strip accents": bpe(P.WhitespaceSplit(), norm=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])),
    "nfkc": bpe(P.WhitespaceSplit(), norm=normalizers.NFKC()),
    "replace": bpe(P.WhitespaceSplit(), norm=normalizers.Sequence([normalizers.Replace(Regex(r"\s+"), " "), normalizers.Prepend("_")])),
    "byte fallback": bpe(P.Metaspace(), byte_fallback=True),
    "fused unknowns": bpe(P.WhitespaceSplit(), fuse_unk=True, size=40),
    "unigram": unigram(False),
    "unigram, byte fallback": unigram(True),
}
for behavior in ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]:
    cases[f"split at space, {behavior}"] = bpe(byte(P.Split(Regex(r"\s"), behavior)), byte=True)
    cases[f"split at text, {behavior}"] = bpe(byte(P.Split("o", behavior)), byte=True)
for behavior in ["isolated", "removed"]:
    cases[f"split inverted, {behavior}"] = bpe(byte(P.Split(Regex(r"\w+"), behavior, invert=True)), byte=True)

out = {name: {"tokenizer": json.loads(t.to_str()), "ids": [t.encode(x, add_special_tokens=False).ids for x in texts]} for name, t in cases.items()}
json.dump({"texts": texts, "cases": out}, open("tokenizers.json", "w"), ensure_ascii=True, separators=(",", ":"))
