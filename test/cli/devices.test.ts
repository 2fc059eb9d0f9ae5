// Devices: what `litmus devices` finds, what --device says where there is none, and extraction on WebGPU against the CPU
// on the software Vulkan device that Debian's chromium ships.

import { existsSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { openCache } from "../../activations/cache/index.ts"
import { litmus, type CliOptions } from "../support/cli.ts"
import { smallArchitectures } from "../support/architectures.ts"
import { writeSums } from "../support/data-folder.ts"
import { writeRandomModel } from "../support/random-model.ts"
import { temporaryFolder } from "../support/temporary.ts"

interface Found {
  readonly device: string
  readonly works: boolean
  readonly difference?: number
  readonly reason?: string
}

const root = temporaryFolder()
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json"
const software = existsSync(driver) && existsSync("/usr/lib/chromium/libvulkan.so.1")
const onSoftware: CliOptions = { env: { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: "/usr/lib/chromium" } }

async function devicesHere(options?: CliOptions): Promise<Found[]> {
  const { code, stdout } = await litmus(["devices", "--json"], options)
  expect(code).toBe(0)
  return JSON.parse(stdout) as Found[]
}

describe("litmus devices", () => {
  let found: Found[]
  beforeAll(async () => {
    found = await devicesHere()
  })

  it("lists every device; what does not work has a reason", () => {
    expect(found.map(({ device }) => device)).toEqual(["cpu", "webgpu", "cuda"])
    expect(found[0]).toEqual({ device: "cpu", works: true, difference: 0 })
    for (const { works, reason } of found) expect(works).toBe(reason === undefined)
  })

  it("and --device cuda without CUDA's libraries say what to do", async () => {
    const cuda = found.find(({ device }) => device === "cuda")!
    if (cuda.works) return
    const model = await writeRandomModel(join(root, "plain"))
    const words = [
      "extract",
      "--model",
      model,
      "--data",
      writeSums(join(root, "data")),
      "--distribution",
      "more",
    ]
    const { code, stderr } = await litmus([
      ...words,
      "--cache",
      join(root, "cache"),
      "--device",
      "cuda",
      "--quiet",
    ])
    expect(code).toBe(1)
    expect(stderr).toContain("onnxruntime's CUDA libraries are not installed")
    expect(cuda.reason).toContain("install.js --onnxruntime-node-install")
  })
})

const skipped = software ? "" : " (skipped: needs the software Vulkan device of Debian's chromium)"
describe.skipIf(!software)(`on WebGPU${skipped}`, () => {
  it("the check passes", async () => {
    const webgpu = (await devicesHere(onSoftware)).find(({ device }) => device === "webgpu")!
    expect(webgpu).toMatchObject({ works: true })
    expect(webgpu.difference).toBeLessThanOrEqual(1e-4)
  })

  // Rotary positions, a gate and a window; layer norms, learned positions and a fused projection in 4 bits.
  it.each([
    ["gemma2", []],
    ["gpt2", ["--quantize", "int4"]],
  ])(
    "every site of a %s %j is the CPU's to 1e-4 of its largest, in a cache of its own",
    async (name, more) => {
      const config = smallArchitectures[name]!
      const model = await writeRandomModel(join(root, name), { config, deviation: 0.2 })
      const data = writeSums(join(root, "data"))
      const words = ["extract", "--model", model, "--data", data, "--distribution", "more", "--split", "test"]
      const extracted = async (device: string): Promise<string> => {
        const rest = [
          "--sites",
          "all",
          "--cache",
          join(root, "cache"),
          "--json",
          "--quiet",
          "--device",
          device,
        ]
        const { code, stdout, stderr } = await litmus([...words, ...more, ...rest], onSoftware)
        expect([code, stderr]).toEqual([0, ""])
        return (JSON.parse(stdout) as { folder: string }[])[0]!.folder
      }
      const folders = [await extracted("cpu"), await extracted("webgpu")]
      expect(folders[0]).not.toBe(folders[1])
      const [cpu, webgpu] = await Promise.all(folders.map((folder) => openCache(folder)))
      for (const { site } of cpu!.manifest.sites) {
        const [expected, found] = [(await cpu!.site(site)).data, (await webgpu!.site(site)).data]
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
        const difference = expected.reduce((most, value, i) => Math.max(most, Math.abs(found[i]! - value)), 0)
        expect(difference / largest).toBeLessThanOrEqual(1e-4)
        expect(found.length).toBe(expected.length)
      }
    },
  )
})
