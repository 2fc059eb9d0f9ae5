// --quantize on the command line: what it says of the model, and that everything after it works on the quantised one.

import { describe, expect, it } from "vitest"
import { extractMore, smallWorld, succeed, transferTo } from "../support/small-world.ts"

const { inputs } = await smallWorld()
const int4 = [...inputs, "--quantize", "int4"]

interface Extracted {
  readonly folder: string
  readonly partsComputed: number
  readonly quantization?: { readonly type: string; readonly relativeError: Readonly<Record<string, number>> }
}

describe("--quantize", () => {
  it("says how far the model is from the plain one, and keeps the activations of either apart", async () => {
    const json = async (args: readonly string[]): Promise<Extracted> =>
      (JSON.parse((await succeed([...extractMore, ...args, "--json"])).stdout) as Extracted[])[0]!
    const plain = await json(inputs)
    const first = await json(int4)
    const again = await json(int4)
    expect(plain.quantization).toBeUndefined()
    expect(first.quantization!.type).toBe("int4")
    expect(first.quantization!.relativeError["resid.2"]).toBeGreaterThan(0.001)
    expect(again).toEqual({ ...first, partsComputed: 0 })
    expect(first.folder).not.toBe(plain.folder)
    const { stdout } = await succeed([...extractMore, ...int4])
    expect(stdout).toMatch(/^int4: the residual stream is off by \d+\.\d % of its length at resid\.2, /m)
  })

  it("fits and scores on the quantised model", async () => {
    const run = async (args: readonly string[]): Promise<unknown> =>
      (JSON.parse((await succeed([...transferTo("more"), ...args, "--json"])).stdout) as { model: string })
        .model
    expect(await run(int4)).not.toBe(await run(inputs))
  })
})
