// litmus devices: what can run models here, and why the rest cannot.

import { spawn } from "node:child_process"
import { Option, type Command } from "commander"
import { messageOf } from "../base/errors.ts"
import { checkDevice } from "../graph/check-device.ts"
import { devices, deviceTolerance, type Device } from "../graph/device.ts"
import { engineName } from "../graph/engine.ts"
import { litmusCommand, printJson } from "./common.ts"
import { plainText } from "./plain-text.ts"
import { renderTable } from "./table.ts"
import { wrap } from "./wrap.ts"

/** What was found of a device. */
interface DeviceReport {
  readonly device: Device
  readonly works: boolean
  /** To the CPU's numbers, relative; missing where the device cannot run at all. */
  readonly difference?: number
  readonly reason?: string
}

interface DevicesOptions {
  readonly only?: Device
  readonly json?: boolean
}

export function devicesCommand(): Command {
  return litmusCommand(
    "devices",
    "Try every device on a small graph and say which work here, and why others do not.",
  )
    .addOption(new Option("--only <name>", "try this one alone").choices(devices))
    .option("--json", "print the result as JSON")
    .option("--debug", "show the stack of an error")
    .addHelpText(
      "after",
      "\nUse one with --device <name>. Activations of one device are never taken for another's.",
    )
    .action(runDevices)
}

async function runDevices({ only, json }: DevicesOptions): Promise<void> {
  if (only !== undefined && json) {
    printJson([await tryHere(only)])
    return
  }
  const reports: DeviceReport[] = []
  for (const device of only === undefined ? devices : [only]) reports.push(await tryApart(device))
  if (json) {
    printJson(reports)
    return
  }
  const rows = reports.map(({ device, works, difference }) => [
    device,
    works ? "works" : "does not",
    difference === undefined || device === "cpu" ? "" : difference.toExponential(1),
  ])
  process.stdout.write(`${renderTable(["device", "here", "differs from\nthe CPU by"], rows)}\n`)
  for (const { device, reason } of reports) {
    if (reason !== undefined) process.stdout.write(`${wrap(plainText(`${device}: ${reason}`))}\n`)
  }
  process.stdout.write(`the CPU's engine: ${engineName()}\n`)
}

async function tryHere(device: Device): Promise<DeviceReport> {
  try {
    const { works, difference } = await checkDevice(device)
    if (works) return { device, works, difference }
    const reason = `its numbers differ from the CPU's by ${difference.toExponential(1)} of the largest: expected at most ${deviceTolerance[device]}`
    return { device, works, difference, reason }
  } catch (error) {
    return { device, works: false, reason: explain(device, messageOf(error)) }
  }
}

/** Why a device cannot run, and what would help, for what onnxruntime says in its own words. */
function explain(device: Device, message: string): string {
  if (device === "webgpu" && /adapter|Vulkan/i.test(message)) {
    return "no GPU driver was found (Vulkan on Linux, Metal on macOS, Direct3D 12 on Windows): install one; Vulkan is found through libvulkan.so.1 on the library path and the drivers that VK_DRIVER_FILES names"
  }
  return message.replace(/^device \w+: /, "").replace(" (litmus devices says what works here)", "")
}

/**
 * Tries a device in a process of its own: a driver that crashes takes only that one with it, and what native code writes to
 * the terminal stays there.
 */
async function tryApart(device: Device): Promise<DeviceReport> {
  const words = [...process.execArgv, process.argv[1]!, "devices", "--only", device, "--json"]
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "ignore"] })
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part))
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on("error", reject).on("close", (...how) => resolve(how))
  })
  try {
    return (JSON.parse(text) as DeviceReport[])[0]!
  } catch {
    return { device, works: false, reason: `trying it ended the process (${signal ?? `code ${code}`})` }
  }
}
