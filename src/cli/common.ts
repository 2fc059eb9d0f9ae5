// Options that every command has, and how their values are read.

import { cpus } from "node:os"
import { Command, InvalidArgumentError, Option } from "commander"
import envPaths from "env-paths"
import type { StoredDtype } from "../../activations/cache/index.ts"
import { parsePositions, type Positions } from "../../activations/positions.ts"
import { chooseTensorBackend, tensorBackendNames } from "../../probes/math/tensor-backend-name.ts"
import { tasks } from "../data/index.ts"
import { LitmusError, messageOf } from "../base/errors.ts"
import { devices, type Device } from "../graph/device.ts"
import { quantizations, type Quantization } from "../model/bundle/quantize.ts"
import { canonicalJson } from "../base/files.ts"
import { embeddedData, embeddedModel } from "../microworld/embedded.ts"
import type { Progress } from "../base/progress.ts"
import { parseShard, type Shard } from "../base/shards.ts"
import { oneLineErrors } from "./error-line.ts"
import { terminalProgress } from "./progress.ts"

export interface CommonOptions {
  readonly maxExamples?: number
  readonly seed: number
  readonly threads: number
  readonly cache: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly debug?: boolean
}

/** Which model, how it is stored and where it runs. */
export interface ModelOptions {
  readonly model: string
  readonly quantize?: Quantization
  readonly device: Device
  readonly ignoreConfig?: readonly string[]
}

/** The platform's cache folder. */
export const defaultCache = envPaths("litmus", { suffix: "" }).cache

/** Prints a result as JSON. Control characters that JSON lets stand are escaped: the text goes to terminals too. */
export function printJson(value: unknown): void {
  const text = canonicalJson(value, 2).replaceAll(
    // oxlint-disable-next-line no-control-regex
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
  process.stdout.write(`${text}\n`)
}

/** A command with the common options; `describe` adds its own before them. */
export function litmusCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .helpOption("-h, --help", "show this help")
    .showSuggestionAfterError()
    .allowExcessArguments(false)
    .configureOutput(oneLineErrors)
    .hook("preAction", (_program, action) => refuseEmptyPaths(action))
}

/** Arguments that are paths. */
const pathArguments = ["dir", "file", "folder", "path", "store", "probe", "probes"]

/** What a path is left empty by: a variable that is not set in a script. */
export function refuseEmptyPaths(command: Command): void {
  const option = command.options.find(
    (known) => /<(dir|file|place)>/.test(known.flags) && command.getOptionValue(known.attributeName()) === "",
  )
  const argument = command.registeredArguments.find(
    (known, i) =>
      pathArguments.includes(known.name()) && [command.processedArgs[i] as unknown].flat().includes(""),
  )
  const empty = option ? (option.long ?? option.flags) : argument?.name()
  if (empty !== undefined) throw new LitmusError(`${empty}: expected a path, got ""`)
}

/** Adds the options that say which model, how it is stored and where it runs. */
export function withModel(command: Command): Command {
  const bits = "store the model's linear layers in 4 or 8 bits: less memory, less exact"
  return command
    .addOption(modelOption())
    .addOption(new Option("--quantize <type>", bits).choices(quantizations))
    .addOption(
      new Option("--device <name>", "where the model runs (litmus devices says what works here)")
        .choices(devices)
        .default("cpu"),
    )
    .addOption(ignoreConfigOption())
}

/** `--ignore-config`: fields of a model's configuration that are unknown here and known to the user to be harmless. */
export function ignoreConfigOption(): Option {
  return new Option(
    "--ignore-config <fields>",
    "unknown fields of the model's config.json that do not change what it computes, separated by commas",
  ).argParser(list)
}

/** `--task`: what every distribution is turned into. */
export function taskOption(): Option {
  const truthfulness = "truthfulness: answer Yes or No whether each response follows its instruction"
  return new Option(
    "--task <name>",
    `what to make of every distribution instead of ranking responses (${truthfulness})`,
  ).choices(tasks)
}

/** `--mix-target`: a share of a target's training examples beside the source's. */
export function mixTargetOption(target: string): Option {
  return new Option(
    "--mix-target <share>",
    `add this share of the training examples of ${target} to the source's, as 0.05`,
  ).argParser(share)
}

/** `--shard`: a share of the work, for one machine of several. */
export function shardOption(description: string): Option {
  return new Option(
    "--shard <i/n>",
    `${description}; auto/n, auto/1-8: the task's place in an array job of n tasks, of tasks 1 to 8`,
  ).argParser(shard)
}

/** `--model`; where it is not given, the embedded model's when the command runs. */
export function modelOption(
  description = "checkpoint: a Hugging Face folder, a GGUF file, or a hub id: org/name[@revision] (default: the embedded small model)",
): Option {
  return new Option("--model <dir>", description)
}

/** `--data`; where it is not given, the embedded small world's when the command runs. */
export function dataOption(
  description = "folder of distributions in the GENIES format (default: the embedded small world's)",
): Option {
  return new Option("--data <dir>", description)
}

/** Fills in the embedded model and data where a command has these options and was not given them. */
export async function fillDefaults(command: Command): Promise<void> {
  const { model, data, cache } = command.opts<{ model?: string; data?: string; cache: string }>()
  const lacks = (name: string, value: unknown): boolean =>
    value === undefined && command.options.some((option) => option.attributeName() === name)
  if (lacks("model", model)) command.setOptionValue("model", embeddedModel())
  if (!lacks("data", data)) return
  command.setOptionValue("data", await embeddedData(cache))
  if (command.getOptionValueSource("suite") === "default") command.setOptionValue("suite", "microworld")
}

/**
 * Adds the options that every command has.
 *
 * @param how.filled - whether the the embedded model and data are taken where none are given
 */
export function withCommonOptions(command: Command, { filled = true }: { filled?: boolean } = {}): Command {
  return command
    .option("--max-examples <n>", "use at most n examples of every distribution and split", count)
    .option("--seed <n>", "seed of every random choice", integer, 0)
    .option("--threads <n>", "threads of the engine", count, cpus().length)
    .addOption(
      new Option("--cache <dir>", "folder of compiled models and activations")
        .default(defaultCache)
        .env("LITMUS_CACHE"),
    )
    .addOption(
      new Option("--tfjs-backend <name>", "what trains CCS and the other contrast probes")
        .choices(tensorBackendNames)
        .default("auto")
        .env("LITMUS_TFJS_BACKEND"),
    )
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
    .hook("preAction", async (_program, action) => {
      chooseTensorBackend(String(action.opts().tfjsBackend))
      if (filled) await fillDefaults(action)
    })
}

export function progressOf({ quiet }: Pick<CommonOptions, "quiet">): Progress {
  return terminalProgress({ quiet: quiet === true })
}

/** `--null`: how many fits on shuffled labels make the null band. */
export function nullOption(): Option {
  return new Option(
    "--null <n>",
    "fits of every probe on shuffled labels, which make the null band beside its accuracy; 0 for none",
  )
    .argParser(countOrNone)
    .default(20)
}

function countOrNone(text: string): number {
  if (text === "0") return 0
  if (/^[1-9]\d*$/.test(text)) return count(text)
  throw new InvalidArgumentError("Expected a positive integer, or 0 for none.")
}

export function count(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(Number.isSafeInteger(value) && value > 0))
    throw new InvalidArgumentError("Expected a positive integer.")
  return value
}

export function integer(text: string): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError("Expected an integer.")
  return value
}

export function share(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!(value > 0 && value <= 1)) throw new InvalidArgumentError("Expected a share above 0 and at most 1.")
  return value
}

function shard(text: string): Shard {
  try {
    return parseShard(text)
  } catch (error) {
    throw new InvalidArgumentError(`${messageOf(error)}.`)
  }
}

/** Names separated by commas. */
export function list(text: string): string[] {
  const names = text.split(",").map((name) => name.trim())
  if (names.some((name) => name === "")) throw new InvalidArgumentError("Expected names separated by commas.")
  return [...new Set(names)]
}

export function positions(text: string): Positions {
  try {
    return parsePositions(text)
  } catch {
    throw new InvalidArgumentError("Expected last, mean, all or offsets such as -1,-2.")
  }
}

/** Collects `name.option=value`, given any number of times. */
export function assignment(
  text: string,
  before: Readonly<Record<string, Record<string, string>>> = {},
): Record<string, Record<string, string>> {
  const match = /^([\w-]+)\.([\w-]+)=(.*)$/.exec(text)
  if (!match) throw new InvalidArgumentError("Expected intervention.option=value, as mms.on=resid.")
  const [, name = "", option = "", value = ""] = match
  return { ...before, [name]: { ...before[name], [option]: value } }
}

export const dtypes: readonly StoredDtype[] = ["float32", "float16", "bfloat16"]
