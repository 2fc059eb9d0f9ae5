// float32 to and from the two 16-bit formats, on bit patterns: float16 is IEEE 754 binary16, bfloat16 the upper
// half of a float32. Both round to nearest, ties to even; infinities stay, a NaN stays a (quiet) NaN.

/** Rounds to float16 words. */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = bitsOf(values)
  const words = new Uint16Array(values.length)
  for (let i = 0; i < words.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000
    words[i] = sign | float16Magnitude(bits[i]! & 0x7fffffff)
  }
  return words
}

/** Rounds to bfloat16 words. */
export function encodeBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = bitsOf(values)
  const words = new Uint16Array(values.length)
  for (let i = 0; i < words.length; i++) {
    const b = bits[i]!
    words[i] = (b & 0x7fffffff) > 0x7f800000 ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16
  }
  return words
}

/** Widens float16 words into `target`, which has as many values. */
export function decodeFloat16(words: Uint16Array, target: Float32Array): void {
  const table = bitsOf((float16Table ??= makeFloat16Table()))
  const bits = bitsOf(target)
  for (let i = 0; i < words.length; i++) bits[i] = table[words[i]!]!
}

/** The value of one float16 word. */
export function float16Value(word: number): number {
  return (float16Table ??= makeFloat16Table())[word]!
}

/** Widens bfloat16 words into `target`, which has as many values. */
export function decodeBfloat16(words: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target)
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16
}

function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length)
}

/** The float16 word of a float32 without its sign. */
function float16Magnitude(bits: number): number {
  if (bits > 0x7f800000) return 0x7e00 | ((bits >>> 13) & 0x3ff)
  // 65520 lies halfway between the largest float16, 65504, and the next power of two: it rounds to infinity.
  if (bits >= 0x477ff000) return 0x7c00
  // From 2^-14 on: rebias the exponent; a carry out of the mantissa steps it up, as it should.
  if (bits >= 0x38800000) return (bits + 0xfff + ((bits >>> 13) & 1) - 0x38000000) >>> 13
  // Subnormal: the significand in units of 2^-24. At and below 2^-25 it rounds to zero.
  if (bits <= 0x33000000) return 0
  const shift = 126 - (bits >>> 23)
  const significand = (bits & 0x7fffff) | 0x800000
  const quotient = significand >>> shift
  const remainder = significand & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return remainder > half || (remainder === half && (quotient & 1) === 1) ? quotient + 1 : quotient
}

let float16Table: Float32Array | undefined

/** The value of each of the 65,536 float16 words. */
function makeFloat16Table(): Float32Array {
  const table = new Float32Array(65536)
  const bits = bitsOf(table)
  for (let word = 0; word < 65536; word++) {
    const exponent = (word >>> 10) & 0x1f
    const mantissa = word & 0x3ff
    if (exponent === 0) table[word] = mantissa * 2 ** -24
    else if (exponent === 31) bits[word] = 0x7f800000 | (mantissa << 13)
    else table[word] = (1 + mantissa / 1024) * 2 ** (exponent - 15)
    bits[word] = bits[word]! | ((word & 0x8000) << 16)
  }
  return table
}
