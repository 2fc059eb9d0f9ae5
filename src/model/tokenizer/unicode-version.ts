// The Rust library's tables are of older versions of Unicode than JavaScript's. Characters that have joined a class
// since are not in it there; the few that have left it are. For use within brackets, with the flag u. Found by asking
// tokenizers 0.23.2 about every character; gaps between the characters of a range have nothing of the class.

/** Marks (M) that StripAccents leaves. */
export const newMarks =
  "\\u07fd\\u0897-\\u08d3\\u09fe\\u0afa-\\u0aff\\u0b55\\u0c04-\\u0c3c\\u0cf3-\\u0d00\\u0d3b-\\u0d3c\\u0d81\\u0eba\\u0ece" +
  "\\u1715\\u180f\\u1abf-\\u1aeb\\u1cf7\\u1df6-\\u1dfa\\ua82c\\ua8ff\\u{10d24}-\\u{10f85}\\u{11070}-\\u{11074}" +
  "\\u{110c2}\\u{11145}-\\u{11146}\\u{111c9}\\u{111ce}-\\u{111cf}\\u{11241}\\u{1133b}\\u{113b8}-\\u{113e2}\\u{1145e}" +
  "\\u{1182c}-\\u{11b67}\\u{11d31}-\\u{1612f}\\u{16f4f}\\u{16f7f}-\\u{16f87}\\u{16fe4}-\\u{16ff1}" +
  "\\u{1cf00}-\\u{1cf46}\\u{1e08f}-\\u{1e6f5}"
export const formerMarks = "\\u1cf2\\u1cf3"

/** Marks without width (Mn) that BertNormalizer leaves. */
export const newNonspacingMarks =
  "\\u07fd\\u0897-\\u08e1\\u09fe\\u0afa-\\u0aff\\u0b55\\u0c04-\\u0c3c\\u0d00\\u0d3b-\\u0d3c\\u0d81\\u0eba\\u0ece" +
  "\\u180f-\\u1886\\u1abf-\\u1aeb\\u1df6-\\u1dfb\\ua82c\\ua8c5\\ua8ff\\ua9bd\\u{10d24}-\\u{10f85}" +
  "\\u{11070}-\\u{11074}\\u{110c2}\\u{111c9}\\u{111cf}\\u{1123e}-\\u{11241}\\u{1133b}\\u{113bb}-\\u{1145e}" +
  "\\u{1182f}-\\u{1612f}\\u{16f4f}\\u{16fe4}\\u{1cf00}-\\u{1cf46}\\u{1e000}-\\u{1e6f5}\\u{1e944}-\\u{1e94a}"
export const formerNonspacingMarks = "\\u1734\\u{1171e}"

/** Formats (Cf) that BertNormalizer leaves. */
export const newFormats = "\\u0890\\u0891\\u08e2\\u{110cd}\\u{13430}-\\u{1343f}"

/** Punctuation (P) that is none there. */
export const newPunctuation =
  "\\u061d\\u09fd-\\u0a76\\u0c77-\\u0c84\\u1b4e-\\u1b4f\\u1b7d-\\u1b7f\\u2e43-\\u2e5d\\u{10d6e}-\\u{10f89}" +
  "\\u{113d4}-\\u{1145d}\\u{11660}-\\u{116b9}\\u{1183b}-\\u{11fff}\\u{12ff1}-\\u{12ff2}\\u{16d6d}-\\u{16fe2}" +
  "\\u{1e5ff}-\\u{1e95f}"
export const formerPunctuation = "\\u166d\\u{111c9}"

/** Characters that NFD, NFKC and NFKD take apart only since. */
export const newDecompositions =
  "\\u32ff\\ua7f1-\\ua7f4\\uab69\\u{105c9}-\\u{107ba}\\u{11383}-\\u{11391}\\u{113c5}-\\u{113c8}\\u{11938}" +
  "\\u{16121}-\\u{16128}\\u{16d68}-\\u{16d6a}\\u{1ccd6}-\\u{1ccf9}\\u{1e030}-\\u{1e06d}\\u{1f16c}" +
  "\\u{1fbf0}-\\u{1fbf9}"
