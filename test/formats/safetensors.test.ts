// The safetensors format: what is written comes back, 16-bit numbers convert exactly (every bit pattern, against the
// definition), and no header is believed.

import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { toFloat32 } from "../../src/formats/element-types.ts"
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts"
import { temporaryFolder } from "../support/temporary.ts"

const root = temporaryFolder()
let files = 0
const newPath = (): string => join(root, `${files++}.safetensors`)

/** Writes a file as it should not be: any header, any data, any stated length. */
function writeRaw(header: unknown, nBytes: number, statedLength?: bigint): string {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(statedLength ?? BigInt(text.length))
  const path = newPath()
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(nBytes)]))
  return path
}

test.skipIf(process.env.LITMUS_BIG_FILES !== "1")(
  "a file larger than any buffer is written from where its tensors lie (set LITMUS_BIG_FILES=1)",
  async () => {
    const data = new Float32Array(2 ** 28).fill(0.5)
    const tensors = new Map(["a", "b", "c", "d", "e"].map((name) => [name, { shape: [2 ** 28], data }]))
    const path = newPath()
    await writeSafetensors(path, tensors)
    const file = await openSafetensors(path)
    const end = await file.readBytes("e", { begin: 2 ** 30 - 4, end: 2 ** 30 })
    expect(new Float32Array(end.buffer)[0]).toBe(0.5)
    await file.close()
  },
  240_000,
)

describe("a file that was written", () => {
  const tensors = new Map([
    ["b", { shape: [2, 3], data: Float32Array.of(1, -0, Number.NaN, Infinity, 1e-45, -3.5) }],
    ["a", { shape: [], data: Float32Array.of(7) }],
    ["counts", { shape: [2], data: Int32Array.of(-1, 2 ** 31 - 1) }],
    ["none", { shape: [0, 4], data: new Float32Array(0) }],
  ])

  test("comes back: names in order, shapes, values bit for bit, metadata", async () => {
    const path = newPath()
    await writeSafetensors(path, tensors, { format: "pt", note: "é" })
    const file = await openSafetensors(path)
    expect(file.metadata).toEqual({ format: "pt", note: "é" })
    expect([...file.tensors.keys()]).toEqual([...tensors.keys()])
    for (const [name, { shape, data }] of tensors) {
      expect(file.tensors.get(name)!.shape).toEqual(shape)
      expect(file.tensors.get(name)!.begin % 4).toBe(0)
      expect(await file.readBytes(name)).toEqual(new Uint8Array(data.buffer))
    }
    expect(await file.readFloat32("b")).toEqual(tensors.get("b")!.data)
    expect([...(await file.readBytes("b", { begin: 4, end: 8 }))]).toEqual([0, 0, 0, 0x80])
    await file.close()
  })

  test("gives no tensor that it has not, and no float32 of integers", async () => {
    const path = newPath()
    await writeSafetensors(path, tensors)
    const file = await openSafetensors(path)
    await expect(file.readBytes("c")).rejects.toThrow(`${path}: tensor c is missing`)
    await expect(file.readFloat32("counts")).rejects.toThrow(
      `${path}: tensor counts: expected F32, F16 or BF16, got I32`,
    )
    await file.close()
  })
})

describe("16-bit numbers as float32", () => {
  const every = Uint16Array.from({ length: 65536 }, (_, k) => k)
  const bytes = (words: Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(words.buffer)

  test.each([
    [
      "F16",
      [0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555],
      [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1365 / 4096],
    ],
    [
      "BF16",
      [0x3f80, 0xc000, 0x7f7f, 0x0001, 0x0080, 0x3eab, 0x4049],
      [1, -2, 255 * 2 ** 120, 2 ** -133, 2 ** -126, 171 / 512, 3.140625],
    ],
  ] as const)("%s: known bit patterns", (dtype, words, values) => {
    expect([...toFloat32(bytes(Uint16Array.from(words)), dtype, "x")]).toEqual(values)
  })

  test("F16: every pattern is sign · 2^(exponent − 15) · 1.mantissa, subnormals, infinities and NaNs included", () => {
    const found = toFloat32(bytes(every), "F16", "x")
    const expected = Array.from(every, (word) => {
      const sign = word & 0x8000 ? -1 : 1
      const exponent = (word >> 10) & 31
      const mantissa = word & 1023
      if (exponent === 31) return mantissa ? Number.NaN : sign * Infinity
      return sign * (exponent ? 2 ** (exponent - 15) * (1 + mantissa / 1024) : 2 ** -14 * (mantissa / 1024))
    })
    expect(found.every((value, k) => Object.is(value, expected[k]))).toBe(true)
  })

  test("BF16: every pattern is the upper half of a float32", () => {
    const found = new Uint32Array(toFloat32(bytes(every), "BF16", "x").buffer)
    expect(found.every((bits, k) => bits === k * 65536)).toBe(true)
  })

  test("bytes that begin at an odd place convert like others", () => {
    for (const [dtype, pattern] of [
      ["F16", [0, 0x3c]],
      ["BF16", [0x80, 0x3f]],
      ["F32", [0, 0, 0x80, 0x3f]],
    ] as const) {
      const shifted = Uint8Array.from([9, ...pattern, ...pattern]).subarray(1)
      expect([...toFloat32(shifted, dtype, "x")]).toEqual([1, 1])
    }
  })
})

describe("a file that is not as it should be is refused", () => {
  const notOne = "(the file is truncated or not a safetensors file)"
  const tensor = (
    begin: number,
    end: number,
    shape = [(end - begin) / 4],
    dtype: unknown = "F32",
  ): unknown => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  })

  test("where there is none", async () => {
    const path = join(root, "nowhere.safetensors")
    await expect(openSafetensors(path)).rejects.toThrow(`cannot read ${path}: no such file or folder`)
  })

  test("an empty file", async () => {
    const path = newPath()
    writeFileSync(path, "")
    await expect(openSafetensors(path)).rejects.toThrow(
      `${path}: expected a header of at least 8 bytes, got a file of 0 ${notOne}`,
    )
  })

  test.each([18446744073709551615n, 35n, 2n ** 53n])(
    "a header length of %s, beyond the file",
    async (length) => {
      const path = writeRaw("{}", 24, length)
      await expect(openSafetensors(path)).rejects.toThrow(
        `${path}: header length ${length} exceeds the file's 34 bytes ${notOne}`,
      )
    },
  )

  test("a header length within the file but beyond the format's limit, before that much is reserved", async () => {
    const path = writeRaw("{}", 0, 100_000_001n)
    truncateSync(path, 200_000_000)
    await expect(openSafetensors(path)).rejects.toThrow(
      `${path}: header length 100000001 exceeds the format's 100000000 bytes ${notOne}`,
    )
  })

  test("a header that is not JSON, or no object", async () => {
    await expect(openSafetensors(writeRaw("{oops", 8))).rejects.toThrow(`its header is not JSON ${notOne}`)
    await expect(openSafetensors(writeRaw("{}", 8, 1n))).rejects.toThrow("its header is not JSON")
    await expect(openSafetensors(writeRaw([1], 8))).rejects.toThrow(`its header is not an object ${notOne}`)
    await expect(openSafetensors(writeRaw("null", 8))).rejects.toThrow("its header is not an object")
  })

  test.each([
    [
      "bytes beyond the file",
      { a: tensor(0, 16) },
      "tensor a: byte range 0–16 leaves the file's 12 bytes of data (is the file truncated?)",
    ],
    [
      "a range that ends before it begins",
      { a: tensor(8, 4, [1]) },
      "tensor a: byte range 8–4 leaves the file's 12 bytes of data",
    ],
    ["a negative offset", { a: tensor(-4, 4) }, "tensor a: expected two byte offsets, got [-4,4]"],
    [
      "offsets that are no numbers",
      { a: { dtype: "F32", shape: [1], data_offsets: "0,4" } },
      'tensor a: expected two byte offsets, got "0,4"',
    ],
    [
      "too few bytes for its shape",
      { a: tensor(0, 8, [3]) },
      "tensor a: expected 12 bytes for F32 [3], got 8",
    ],
    [
      "too many bytes for its type",
      { a: tensor(0, 8, [2], "BF16") },
      "tensor a: expected 4 bytes for BF16 [2], got 8",
    ],
    [
      "a shape beyond all numbers",
      { a: tensor(0, 8, [2 ** 52, 2 ** 52, 2 ** 52]) },
      "tensor a: expected 3.6",
    ],
    ["a negative length", { a: tensor(0, 8, [-2]) }, "tensor a: expected a shape of lengths, got [-2]"],
    [
      "no shape",
      { a: { dtype: "F32", data_offsets: [0, 4] } },
      "tensor a: expected a shape of lengths, got undefined",
    ],
    ["an unknown type", { a: tensor(0, 8, [2], "Q4") }, 'tensor a: unknown element type "Q4"'],
    [
      "a type that every object has",
      { a: tensor(0, 8, [2], "constructor") },
      'tensor a: unknown element type "constructor"',
    ],
    ["no type", { a: tensor(0, 8, [2], 5) }, "tensor a: unknown element type 5"],
    ["an entry that is null", { a: null }, "tensor a: unknown element type undefined"],
    ["tensors that overlap", { b: tensor(4, 12), a: tensor(0, 8) }, "the bytes of tensors a and b overlap"],
  ])("%s", async (_, header, message) => {
    const path = writeRaw(header, 12)
    await expect(openSafetensors(path)).rejects.toThrow(`${path}: ${message}`)
  })

  // Of all the places where a copy can break off, none gives a tensor that is not whole.
  test("cut off at any byte", async () => {
    const path = newPath()
    await writeSafetensors(path, new Map([["a", { shape: [3], data: Float32Array.of(1, 2, 3) }]]))
    const { length } = readFileSync(path)
    for (let size = length - 1; size >= 0; size--) {
      truncateSync(path, size)
      await expect(openSafetensors(path)).rejects.toThrow(/truncated/)
    }
  })

  test("cut off while it is open", async () => {
    const path = newPath()
    await writeSafetensors(path, new Map([["a", { shape: [3], data: Float32Array.of(1, 2, 3) }]]))
    const file = await openSafetensors(path)
    truncateSync(path, file.tensors.get("a")!.begin + 4)
    await expect(file.readFloat32("a")).rejects.toThrow(/the file ends at byte \d+ \(it is truncated\)/)
    await file.close()
  })
})
