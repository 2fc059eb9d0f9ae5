// litmus submit: write the job that runs a command's shards on a cluster.

import { dirname } from "node:path"
import { Argument, Command, CommanderError } from "commander"
import { LitmusError, messageOf } from "../base/errors.ts"
import { makeFolder, writeFileAtomic } from "../base/files.ts"
import { countTasks } from "../base/shards.ts"
import { kubernetesJob, shellLine, slurmScript } from "./job-file.ts"
import { benchCommand } from "./bench.ts"
import { count, litmusCommand, refuseEmptyPaths } from "./common.ts"
import { extractCommand } from "./extract.ts"
import { plainText } from "./plain-text.ts"

interface SubmitOptions {
  readonly shards?: number
  readonly array?: string
  readonly name?: string
  readonly cpus: number
  readonly memory?: string
  readonly gpus?: number
  readonly time?: string
  readonly partition?: string
  readonly image?: string
  readonly volume?: string
  readonly program: string
  readonly out?: string
}

/** Runs the Litmus installed in the folder and fails where there is none: plain npx would fetch another package of that name. */
const installedOnly = "npx --no -- litmus"

export function submitCommand(): Command {
  return litmusCommand(
    "submit",
    "Write the array job or indexed Job that runs a command's shards on a cluster.",
  )
    .addArgument(new Argument("<scheduler>", "which").choices(["slurm", "kubernetes"]))
    .argument("<command...>", "after --: the litmus command, without --shard")
    .option("--shards <n>", "tasks", count)
    .option("--array <tasks>", "Slurm: their numbers instead, as 1-8 or 0-14:2")
    .option("--name <name>", "of the job (default: litmus- and the command)")
    .option("--cpus <n>", "of a task", count, 4)
    .option("--memory <size>", "of a task (default: 16G for Slurm, 16Gi for Kubernetes)")
    .option("--gpus <n>", "of a task", count)
    .option("--time <time>", "Slurm: longest time of a task, as 04:00:00")
    .option("--partition <name>", "Slurm: where it runs")
    .option("--image <name>", "Kubernetes: container image with litmus in it")
    .option(
      "--volume <claim:path>",
      "Kubernetes: volume claim of model, data and cache, and where it is mounted",
    )
    .option("--program <words>", "how a task calls litmus", installedOnly)
    .option("--out <file>", "write the job there instead of to standard output")
    .option("--debug", "show the stack of an error")
    .addHelpText(
      "after",
      "\nThe tasks share one cache, and those of bench one store (--cache and --out on a shared file system);\nwhat they made is one run's when it is read. A benchmark's tables are written by running the command\nonce more without --shard: the job says how. Where tasks were lost, submit the job again, or those\nalone (sbatch --array=2,5 job.sh): each computes the share that it had. Compile the model once\nbeforehand (litmus extract … --max-examples 1), so that not every task does.\n\nExamples:\n  litmus submit slurm --shards 8 --out job.sh -- extract --model models/llama --data genies \\\n      --distribution alpaca_easy --sites heads --cache /shared/litmus && sbatch job.sh\n  litmus submit slurm --shards 8 --gpus 1 --out job.sh -- bench --model models/llama --data genies \\\n      --device cuda --cache /shared/litmus --out /shared/results && sbatch job.sh",
    )
    .action(runSubmit)
}

async function runSubmit(
  scheduler: "slurm" | "kubernetes",
  words: readonly string[],
  options: SubmitOptions,
): Promise<void> {
  const [command] = words
  if (command !== "extract" && command !== "bench") {
    throw new LitmusError(
      `submit: expected a command that has shards (extract, bench), got ${JSON.stringify(command)}`,
    )
  }
  const { array, cpus, gpus, time, partition, image, volume, program, out } = options
  const shards = shardsOf(scheduler, options)
  checkCommand(words, shards)
  const whole = [...program.split(" ").filter(Boolean), ...words]
  const job = {
    command: whole,
    // A benchmark's tables are of all shards.
    ...(command === "bench" ? { afterwards: whole } : {}),
    name: options.name ?? `litmus-${command}`,
    memory: options.memory ?? (scheduler === "slurm" ? "16G" : "16Gi"),
    shards,
    cpus,
    gpus,
  }
  const text =
    scheduler === "slurm"
      ? slurmScript({ ...job, array, time, partition })
      : kubernetesJob({ ...job, ...kubernetesNeeds({ image, volume }) })
  if (out === undefined) process.stdout.write(text)
  else {
    await makeFolder(dirname(out))
    await writeFileAtomic(out, text)
  }
  if (out !== undefined && command === "bench") {
    process.stdout.write(plainText(`when all tasks are done, for the tables: ${shellLine(whole)}\n`))
  }
}

/** How many tasks the job has. */
function shardsOf(
  scheduler: "slurm" | "kubernetes",
  { shards, array }: Pick<SubmitOptions, "shards" | "array">,
): number {
  if (array !== undefined && scheduler !== "slurm") {
    throw new LitmusError("submit kubernetes: its tasks are 0 to n − 1: give --shards instead of --array")
  }
  if ((shards === undefined) === (array === undefined)) {
    throw new LitmusError("submit: expected --shards <n> or, for Slurm, --array <tasks>")
  }
  return shards ?? countTasks(array!)
}

/** Has the command itself read its words, as its tasks will get them, and does not run it: no job fails on a typo. */
function checkCommand(words: readonly string[], shards: number): void {
  // The program's hooks come before the command's own, which would write the embedded data.
  const program = new Command().hook("preAction", (_program, command) => {
    refuseEmptyPaths(command)
    if (command.opts().dryRun === true) throw new LitmusError("a job does the work: leave --dry-run out")
    throw new Understood()
  })
  for (const command of [benchCommand(), extractCommand()]) program.addCommand(command)
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
  }
  const asked = words.some((word) => /^--shard(=|$)/.test(word)) ? [] : ["--shard", `1/${shards}`]
  try {
    program.parse([...words, ...asked], { from: "user" })
  } catch (error) {
    if (error instanceof Understood) return
    if (!(error instanceof LitmusError || error instanceof CommanderError)) throw error
    const what =
      error instanceof CommanderError && error.exitCode === 0
        ? "expected a command to run, got one that shows its help"
        : messageOf(error).replace(/^error: /, "")
    throw new LitmusError(`submit: ${words[0]}: ${what}`, { cause: error })
  }
}

/** Thrown where a command's words are understood, so that it is not run. */
class Understood extends Error {}

function kubernetesNeeds({ image, volume }: { image: string | undefined; volume: string | undefined }): {
  image: string
  volume: { claim: string; path: string }
} {
  const match = /^([^:]+):(\/.*)$/.exec(volume ?? "")
  if (image === undefined || !match) {
    throw new LitmusError("submit kubernetes: expected --image <name> and --volume <claim:/path>")
  }
  return { image, volume: { claim: match[1]!, path: match[2]! } }
}
