import { describe, expect, test } from "vitest"
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from "../../src/formats/half.ts"

const allWords = Uint16Array.from({ length: 65536 }, (_, word) => word)

function widen(decode: (words: Uint16Array, target: Float32Array) => void): Float32Array {
  const values = new Float32Array(65536)
  decode(allWords, values)
  return values
}

function fromBits(...bits: number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer)
}

/** The float32 next to a finite one other than zero, away from zero or (-1) towards it. */
function neighbour(value: number, step: 1 | -1): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)
  return new Float32Array(Uint32Array.of(bits[0]! + step).buffer)[0]!
}

const formats = [
  {
    name: "float16",
    encode: encodeFloat16,
    decode: decodeFloat16,
    infinity: 0x7c00,
    exponentBits: 5,
    mantissaBits: 10,
  },
  {
    name: "bfloat16",
    encode: encodeBfloat16,
    decode: decodeBfloat16,
    infinity: 0x7f80,
    exponentBits: 8,
    mantissaBits: 7,
  },
] as const

describe.each(formats)("$name", ({ encode, decode, infinity, exponentBits, mantissaBits }) => {
  const values = widen(decode)

  test("every word means what its sign, exponent and mantissa say", () => {
    const bias = 2 ** (exponentBits - 1) - 1
    const meaning = [...allWords].map((word) => {
      const exponent = (word & 0x7fff) >>> mantissaBits
      const fraction = (word & (2 ** mantissaBits - 1)) / 2 ** mantissaBits
      const finite = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias)
      const special = fraction === 0 ? Infinity : NaN
      const magnitude = exponent === 2 ** exponentBits - 1 ? special : finite
      return word & 0x8000 ? -magnitude : magnitude
    })
    const wrong = [...allWords].filter((word) => !Object.is(values[word], meaning[word]))
    expect(wrong).toEqual([])
  })

  test("every word but the NaNs comes back from its value", () => {
    const back = encode(values)
    const wrong = [...allWords].filter((word) => !Number.isNaN(values[word]) && back[word] !== word)
    expect(wrong).toEqual([])
  })

  test("between two neighbours a value rounds to the nearer, and halfway to the even one", () => {
    const wrong = [...allWords.subarray(0, infinity)].filter((word) => {
      // Above the largest finite value the next step would be the power of two that infinity stands for.
      const last = word + 1 === infinity
      const next = last ? 2 * values[word]! - values[word - 1]! : values[word + 1]!
      const halfway = (values[word]! + next) / 2
      const even = word % 2 === 0 ? word : word + 1
      const got = encode(Float32Array.of(halfway, neighbour(halfway, -1), neighbour(halfway, 1), -halfway))
      return got.join() !== [even, word, word + 1, even | 0x8000].join()
    })
    expect(wrong).toEqual([])
  })

  test("infinities, overflow, signed zeros and underflow keep their signs", () => {
    expect([...encode(Float32Array.of(Infinity, -Infinity, 3.4028235e38, -3.4028235e38, 0, -0))]).toEqual([
      infinity,
      infinity | 0x8000,
      infinity,
      infinity | 0x8000,
      0,
      0x8000,
    ])
    expect([...encode(fromBits(0x00000001, 0x80000001))]).toEqual([0, 0x8000])
  })

  test("a NaN stays a NaN, whatever its payload, and never becomes an infinity", () => {
    const nans = fromBits(0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff)
    const back = new Float32Array(nans.length)
    decode(encode(nans), back)
    expect([...back]).toEqual([NaN, NaN, NaN, NaN, NaN, NaN])
  })
})

test("float16 rounds as NumPy does", () => {
  // numpy 2.4: np.array([...], np.float32).astype(np.float16).view(np.uint16)
  const values = [
    1 / 3,
    -0.1,
    65519.996,
    65520,
    2049,
    2051,
    6.1035156e-5,
    6.097555e-5,
    5.9604645e-8,
    2.9802322e-8,
    2.9802326e-8,
    1e-10,
    2.75,
  ]
  expect([...encodeFloat16(Float32Array.from(values))]).toEqual([
    13653, 44646, 31743, 31744, 26624, 26626, 1024, 1023, 1, 0, 1, 0, 16768,
  ])
})
