// litmus pretrain: the embedded model from nothing, by its recipe.

import { InvalidArgumentError, type Command } from "commander"
import { cpus } from "node:os"
import { LitmusError } from "../base/errors.ts"
import { pretrain } from "../microworld/pretrain.ts"
import { recipe } from "../microworld/recipe.ts"
import { count, integer, litmusCommand, printJson, progressOf, type CommonOptions } from "./common.ts"
import { duration, thousands } from "./progress.ts"

interface PretrainCommandOptions extends Pick<CommonOptions, "seed" | "threads" | "json" | "quiet"> {
  readonly out: string
  readonly steps: number
  readonly dose: number
  readonly world: number
  readonly dModel: number
  readonly layers: number
}

export function pretrainCommand(): Command {
  return litmusCommand(
    "pretrain",
    "Train the embedded model from random weights on the text of its small world.",
  )
    .option("--out <dir>", "folder of the checkpoint, its log and, meanwhile, its state", "microworld-model")
    .option("--steps <n>", "optimiser steps; the learning rate falls to 0 over them", count, recipe.steps)
    .option("--dose <share>", "of the internet persona in the text, from 0 to 1", share, recipe.dose)
    .option("--world <n>", "seed of the world", integer, recipe.world)
    .option("--seed <n>", "seed of the weights and the text", integer, recipe.seed)
    .option("--d-model <n>", "width of the model", count, recipe.model.dModel)
    .option("--layers <n>", "blocks of the model", count, recipe.model.nLayers)
    .option("--threads <n>", "threads of the engine", count, cpus().length)
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress on standard error")
    .option("--debug", "show the stack of an error")
    .addHelpText("after", "\nA killed run goes on where it stopped: run the same command again.")
    .action(runPretrain)
}

function share(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (!(value >= 0 && value <= 1)) throw new InvalidArgumentError("Expected a number from 0 to 1.")
  return value
}

async function runPretrain(options: PretrainCommandOptions): Promise<void> {
  const { out, steps, dose, world, seed, threads, json } = options
  const model = modelOf(options)
  const warmup = Math.min(recipe.warmup, Math.ceil(steps / 4))
  const began = performance.now()
  const task = progressOf(options).task("pretrain", "steps")
  const { log } = await pretrain(
    { ...recipe, steps, warmup, dose, world, seed, model },
    { folder: out, threads, task },
  ).finally(() => task.end())
  const tokens = log.reduce((sum, entry) => sum + entry.tokens, 0)
  const last = log.slice(-50)
  const loss = last.reduce((sum, entry) => sum + entry.loss, 0) / last.length
  if (json) printJson({ folder: out, steps, dose, world, seed, tokens, loss })
  else {
    const seconds = (performance.now() - began) / 1000
    process.stdout.write(
      `${out}: ${steps} steps, ${thousands(tokens)} tokens, loss ${loss.toFixed(4)} nats a token over the last ` +
        `${last.length} steps (${duration(seconds)})\n`,
    )
  }
}

/** The recipe's model, or a narrower or shallower one of the same proportions: heads stay 32 wide. */
function modelOf({ dModel, layers }: PretrainCommandOptions): typeof recipe.model {
  const { model } = recipe
  const dHead = model.dModel / model.nHeads
  if (dModel === model.dModel) return { ...model, nLayers: layers }
  const nHeads = Math.max(1, Math.round(dModel / dHead))
  // Rotary positions turn a head's dimensions in twos.
  if (dModel % (2 * nHeads) !== 0) {
    const heads = nHeads === 1 ? "one head" : `${nHeads} heads`
    throw new LitmusError(
      `--d-model: expected a multiple of ${2 * nHeads} (${heads} of an even width), got ${dModel}`,
    )
  }
  return {
    dModel,
    nLayers: layers,
    nHeads,
    dMlp: Math.round((dModel * model.dMlp) / model.dModel),
  }
}
