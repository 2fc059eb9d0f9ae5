# One construct of tokenizer.json each, and what the Rust library makes of odd texts and of its own ids: constructs.json.
# python3 make.py, with tokenizers 0.23.2 installed. Vocabularies and merges that cases share are written once.
import json
from tokenizers import AddedToken as A, Regex, Tokenizer, decoders as D, models, normalizers as N, pre_tokenizers as P, processors

TEXTS = [
    "", " ", "the  word 's", "café e\u0301té ÉSS", "Straße ΣΊΣ İſK", "日本 ｶﾞﾊ½²Ⅷ３٣", "a\tb\r\nc\n\n", "x\u00a0y\u2003z\u0085w\ufeff\u200b\u200d",
    "1234 don't—'S 'ſ", "👩🏽\u200d👩 ok𝟙𝟙", "a_b $& $1 \\1 .$^", "x<sep>y <sep> z<sep><sep>", "<sep>", " ▁wor▁ ", "\u05d0\u05b8 क्षि", "!!a,. (b)", "word" * 9, "㋿ꭩ⹃\u1acf",
]
BYTES = P.ByteLevel.alphabet()
CHARACTERS = sorted({c for text in TEXTS for c in text} | {chr(i) for i in range(33, 127)})
MERGES = [("e", "r"), ("o", "r"), ("w", "or"), ("s", "t"), ("t", "h"), ("d", "s")]

def bpe(pre=None, norm=None, bytes=True, tokens=(A("<sep>", special=True, normalized=False),), post=None):
    vocabulary = ["<unk>", *(sorted(BYTES) if bytes else CHARACTERS)]
    merges = MERGES + ([("Ġ", "w"), ("Ġ", "Ġ")] if bytes else [])
    vocabulary += [a + b for a, b in merges]
    t = Tokenizer(models.BPE({token: i for i, token in enumerate(dict.fromkeys(vocabulary))}, merges, unk_token="<unk>"))
    if norm: t.normalizer = norm
    if pre: t.pre_tokenizer = pre
    t.decoder = D.ByteLevel() if bytes else D.Metaspace()
    t.add_tokens(list(tokens))
    if post: t.post_processor = post(t)
    return t

def by(*pre): return P.Sequence([*pre, P.ByteLevel(add_prefix_space=False, use_regex=False)])

CASES = {}
for pattern in [
    r"^\s*", r"$", r"x*", r"(?<=\s)", r"\s\Z", r"(?>a|ab)c?", r"\w++\s?", r"(?i:'s|'t)|\p{L}+", r"(?i)straße|é", r"[\w&&[^\d]]+", r"[^\W\d_]+", r"\b", r"\B", r"\w+",
    r"[[:^alpha:]]+", r"\R", r"(?m:.)+", r"(a|b)\1", r"\h+", r"\G.", r"[]a]", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"\p{N}{1,3}", r"[\p{P}\p{S}]+", r"\p{Han}+", r".*", r"(?<!\w)t", r"a{,2}",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]:
    CASES["split " + pattern] = bpe(by(P.Split(Regex(pattern), "isolated")))
for behavior in ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]:
    for invert in [False, True]: CASES[f"split {behavior}{' inverted' * invert}"] = bpe(by(P.Split(Regex(r"\s|x"), behavior, invert=invert)))
    CASES["punctuation " + behavior] = bpe(by(P.Punctuation(behavior)))
for content in ["$&", "$1", "\\1", ""]:
    CASES["replace e by " + content] = bpe(by(), N.Replace("e", content))
    CASES["replace words by " + content] = bpe(by(), N.Replace(Regex(r"(\w)\w+"), content))
for name, norm in {
    "NFC": N.NFC(), "NFD": N.NFD(), "NFKC": N.NFKC(), "NFKD": N.NFKD(), "Lowercase": N.Lowercase(), "StripAccents": N.Sequence([N.NFD(), N.StripAccents()]), "Strip": N.Strip(),
    "Nmt": N.Nmt(), "BertNormalizer": N.BertNormalizer(), "BertNormalizer, cased": N.BertNormalizer(True, False, None, False), "Prepend": N.Sequence([N.Prepend("▁"), N.Replace(" ", "▁")]),
}.items(): CASES[name] = bpe(by(), norm)
CASES["ByteLevel normalizer"] = bpe(None, N.ByteLevel())
for name, pre in {
    "Whitespace": P.Whitespace(), "WhitespaceSplit": P.WhitespaceSplit(), "BertPreTokenizer": P.BertPreTokenizer(), "Digits": P.Digits(False), "Digits, each": P.Digits(True),
    "FixedLength": P.FixedLength(3), "CharDelimiterSplit": P.CharDelimiterSplit("."),
}.items(): CASES[name] = bpe(by(pre))
for prefix in [False, True]:
    for words in [False, True]: CASES[f"ByteLevel {prefix} {words}"] = bpe(P.Sequence([P.Digits(True), P.ByteLevel(prefix, use_regex=words)]))
for scheme in ["always", "first", "never"]:
    for split in [True, False]:
        metaspace = P.Metaspace(prepend_scheme=scheme, split=split)
        CASES[f"Metaspace {scheme} {split}"] = bpe(metaspace, bytes=False)
        CASES[f"Metaspace {scheme} {split} after words"] = bpe(P.Sequence([P.WhitespaceSplit(), metaspace]), bytes=False)
        CASES[f"Metaspace {scheme} {split} after NFKC"] = bpe(metaspace, N.NFKC(), bytes=False)
for name, tokens in {
    "single word": [A("wor", single_word=True), A("<sep>", single_word=True, normalized=False), A("é", single_word=True)],
    "stripped": [A("<sep>", lstrip=True, normalized=False), A("\n", rstrip=True, normalized=False), A("a", lstrip=True, rstrip=True)],
    "normalized": [A("<sep>"), A("É"), A("TH"), A("½")], "overlapping": [A("<sep>"), A("<sep><sep>", normalized=False), A("sep"), A("wor"), A("or", special=True)],
}.items():
    CASES["added, " + name] = bpe(by(), tokens=tokens)
    CASES[f"added, {name}, after NFKD"] = bpe(by(), N.NFKD(), tokens=tokens)
    CASES[f"added, {name}, before Metaspace"] = bpe(P.Metaspace(prepend_scheme="first"), bytes=False, tokens=tokens)

def words(model, pre, decoder=None):
    t = Tokenizer(model)
    t.pre_tokenizer = pre
    if decoder: t.decoder = decoder
    return t

def ids(tokens): return {token: i for i, token in enumerate(dict.fromkeys(tokens))}

LETTERS = list("abcdefghinorstw")
for most in [4, 100]:
    model = models.WordPiece(ids(["[UNK]", *CHARACTERS, *["##" + c for c in CHARACTERS[:90]], "the", "wor", "##rd", "##or"]), unk_token="[UNK]", max_input_chars_per_word=most)
    CASES[f"WordPiece {most}"] = words(model, P.BertPreTokenizer(), D.WordPiece(cleanup=most > 4))
CASES["WordLevel"] = words(models.WordLevel(ids(["[UNK]", *[word for text in TEXTS[:9] for word in text.split()]]), unk_token="[UNK]"), P.WhitespaceSplit())
CASES["subword prefix and suffix"] = words(
    models.BPE(
        ids(["<unk>", *LETTERS, *["##" + c for c in LETTERS], *[c + "</w>" for c in LETTERS], *["##" + c + "</w>" for c in LETTERS], "th", "wo", "wor", "wor</w>"]),
        [("t", "##h"), ("w", "##o"), ("wo", "##r"), ("wo", "##r</w>")], unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>",
    ), P.WhitespaceSplit(), D.BPEDecoder("</w>"),
)
fallback = D.Sequence([D.Replace("▁", " "), D.ByteFallback(), D.Fuse(), D.Strip(" ", 1, 0)])
for n in [0, 160, 256]:
    some = [f"<0x{i:02X}>" for i in range(n)]
    for fuse in [False, True]:
        for unk in ["<unk>", None]:
            model = models.BPE(ids(["<unk>", *LETTERS, "or", "th", "<unk>t", *some]), [("o", "r"), ("t", "h")], unk_token=unk, fuse_unk=fuse, byte_fallback=n > 0)
            CASES[f"BPE, {n} bytes, {unk}{', fused' * fuse}"] = words(model, P.Metaspace(), fallback)
    scores = [("<unk>", 0.0), *[(b, -9.0) for b in some], *[(c, -6.0) for c in "▁abcdehorstw,."], ("▁the", -3.0), ("word", -3.5), ("or", -3.0), ("日本", -5.0), ("éS", -2.0)]
    CASES[f"Unigram, {n} bytes"] = words(models.Unigram(scores, unk_id=0, byte_fallback=n > 0), P.Metaspace(), fallback)
CASES["ignore_merges"] = words(models.BPE(ids(["<unk>", *CHARACTERS, "or", "the", "word"]), [("o", "r")], unk_token="<unk>", ignore_merges=True), P.WhitespaceSplit())

def template(single): return lambda t: processors.TemplateProcessing(single=single, special_tokens=[(x, t.token_to_id(x)) for x in ["<a>", "<b>"]])

AROUND = [A("<a>", special=True), A("<b>", special=True)]
for single in ["<a> $A", "$A <b>", "<a> <a> $A", "<a> <b> $A <b> <b>"]: CASES["template " + single] = bpe(by(), tokens=AROUND, post=template(single))
CASES["template of other ids"] = bpe(by(), tokens=AROUND, post=lambda t: processors.TemplateProcessing(single="<a> $A", special_tokens=[{"id": "<a>", "ids": [5, 7], "tokens": ["x", "y"]}]))
pair = lambda t, x: (x, t.token_to_id(x))
CASES["template, BERT's"] = bpe(by(), tokens=AROUND, post=lambda t: processors.BertProcessing(pair(t, "<b>"), pair(t, "<a>")))
CASES["template, RoBERTa's"] = bpe(by(), tokens=AROUND, post=lambda t: processors.RobertaProcessing(pair(t, "<b>"), pair(t, "<a>")))

shared, known = [], {}
def share(value):
    key = json.dumps(value)
    if key not in known:
        known[key] = len(shared)
        shared.append(value)
    return known[key]

out = {}
for name, t in CASES.items():
    content = json.loads(t.to_str())
    for field in ["vocab", "merges"]:
        if field in content["model"]: content["model"][field] = share(content["model"][field])
    found = [t.encode(text, add_special_tokens=name.startswith("template")).ids for text in TEXTS]
    out[name] = {"tokenizer": content, "ids": found, "decoded": [t.decode(i, skip_special_tokens=False) for i in found]}
json.dump({"texts": TEXTS, "shared": shared, "cases": out}, open("constructs.json", "w"), ensure_ascii=False, separators=(",", ":"))
print(len(out), "cases")
